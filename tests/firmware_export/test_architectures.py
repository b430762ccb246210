"""Every named architecture becomes C that answers like its twin, within its budget."""

import numpy as np
import pytest

from firmware_export import check_firmware, export_firmware
from skdualcnn import DualPathCNNClassifier
from skdualcnn.network import ARCHITECTURES


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(80, 21), (80, 8, 3)], ids=["columns", "windows"])
def test_every_row_on_every_bit(architecture, shape, compiler, tmp_path):
    X = np.random.default_rng(0).random(shape).astype(np.float32)
    first = X.reshape(len(X), -1)
    y = np.column_stack([first[:, 2] > 0.5, first[:, 3] * 3 // 1]).astype(int)
    clf = DualPathCNNClassifier(
        architecture=architecture, max_epochs=2, lr=0.01, random_state=0
    ).fit(X, y)
    report = export_firmware(clf, tmp_path / "model", calibration_data=X)
    assert str(check_firmware(report, X)) == "80 of 80 rows identical"


def test_compact_fits_into_40_000_bytes_behind_500_inputs(tmp_path):
    X = np.random.default_rng(0).random((40, 490)).astype(np.float32)
    clf = DualPathCNNClassifier(architecture="compact", max_epochs=1, random_state=0)
    report = export_firmware(clf.fit(X, X[:, 0] > 0.5), tmp_path, calibration_data=X)
    # What is left is for the tables of 260 columns, and for the code.
    assert report.flash_bytes["constants"] - 20 * 490 - 12 * 490 < 40_000 - 12_000
