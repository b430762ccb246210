import pytest

from skdualcnn._extras import import_extra
from skdualcnn.exceptions import MissingPackageError


def test_a_missing_package_names_its_extra():
    with pytest.raises(MissingPackageError, match=r"nowhere is not .*'skdualcnn\[mqtt\]'"):
        import_extra("nowhere.client", "mqtt")
