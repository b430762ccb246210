import pytest

from skdualcnn.exceptions import MissingExtraError
from skdualcnn.gateway._extra import import_extra


def test_a_missing_package_names_its_extra():
    with pytest.raises(MissingExtraError, match=r"nowhere, which is not .*'skdualcnn\[mqtt\]'"):
        import_extra("nowhere.client")
