"""Single rows get the inputs that tables get."""

import numpy as np
import pytest

from firmware_export._encoding import encode_readings
from firmware_export._extract import extract_graph
from firmware_export._reference import scale_readings
from skdualcnn.streaming._scaling import RowScaler


@pytest.mark.parametrize("name", ["case", "rich_case"])
def test_inputs_are_those_of_the_table(name, request):
    case = request.getfixturevalue(name)
    front_end = extract_graph(case.decider).front_end
    wanted = scale_readings(front_end, encode_readings(front_end, case.X, np.float64))
    transformed = case.decider.estimator_[:-1].transform(case.X)
    scale = RowScaler(front_end)
    rows = case.X[list(front_end.readings)].astype(object).to_numpy().tolist()
    got = np.array([scale(row) for row in rows])
    np.testing.assert_array_equal(got, wanted[:, :, 0])
    np.testing.assert_allclose(got, transformed, atol=1e-9)
