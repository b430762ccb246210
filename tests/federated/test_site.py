import pandas as pd
import pytest

from skdualcnn.exceptions import FederationError
from skdualcnn.federated import join_federation


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (pd.Series(["normal"] * 3), "target a Series of 3 rows, expected two pandas DataFrames"),
        ([["normal"]] * 3, "target a list of 3 rows, expected two pandas DataFrames"),
        (pd.DataFrame({"health": ["normal"]}), "DataFrame of 3 rows and target a DataFrame of 1"),
    ],
)
def test_what_are_no_two_tables_is_refused_before_the_server_is_asked(target, message):
    data = pd.DataFrame({"spo2": [97.0, 98.0, 99.0]})
    with pytest.raises(FederationError, match=message):
        join_federation("127.0.0.1:1", data, target, name="north", modalities={"patient": ["spo2"]})
