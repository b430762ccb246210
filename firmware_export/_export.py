"""The one public function: fitted estimator in, folder of C out."""

import json
import os
from pathlib import Path
from typing import Any

from sklearn.frozen import FrozenEstimator

from firmware_export._arena import arena_bytes, state_bytes
from firmware_export._emit import GoldenVectors, render_firmware
from firmware_export._extract import unfreeze
from firmware_export._footprint import (
    GENERATOR,
    FirmwareReport,
    measure_flash,
    measure_layers,
    measure_stack,
)
from firmware_export._names import check_prefix
from firmware_export._quantize import Calibration
from firmware_export._rows import spread_rows, stack_windows
from firmware_export._twin import FixedPointClassifier, answer
from skdualcnn._writing import replaced_folder
from skdualcnn.exceptions import ExportError

GOLDEN_ROWS = 16
NOISE_ROWS = 500


def export_firmware(
    estimator: Any,
    directory: str | os.PathLike[str],
    *,
    calibration_data: Any,
    prefix: str = "model",
    activation_bits: int = 16,
    calibration: Calibration = "minmax",
    overwrite: bool = True,
) -> FirmwareReport:
    """Write a fitted estimator as integer C99 that answers like its fixed-point twin.

    The folder holds the preprocessing, the network and, for a decider, the decision;
    a self-test with golden vectors, a README, a Makefile and report.json. It is written
    whole or not at all.

    Parameters
    ----------
    estimator : FusionDecider, Pipeline, DualPathCNNClassifier or FixedPointClassifier
        Fitted. A FixedPointClassifier is exported as it was calibrated.
    directory : path-like
        Folder to make; its parent is made if need be.
    calibration_data : DataFrame or array-like
        Rows as the estimator takes them, such as the training data: they set the
        ranges of the integers, and some of them become the golden vectors. In the order
        of time if the estimator looks at windows.
    prefix : str, default="model"
        First part of every symbol, macro and file name: a lower-case C identifier.
    activation_bits : {8, 16}, default=16
        Bits that bound the activations between layers.
    calibration : {"minmax", "percentile"}, default="minmax"
        How ranges are read off `calibration_data`.
    overwrite : bool, default=True
        Whether an earlier export in `directory` is replaced, files added to it by hand
        included. A folder that is not empty and not an earlier export never is.

    Returns
    -------
    FirmwareReport
        Sizes, ranges and quantisation noise, and the twin.

    Raises
    ------
    ExportError
        If a part of the estimator has no counterpart in C, an argument is out of its
        domain, or `directory` holds something else.
    OSError
        If the folder cannot be written.
    ToolchainError
        If this machine has a C compiler and it fails on what was written.

    See Also
    --------
    check_firmware : Compiles the folder and compares it with the twin.
    FixedPointClassifier : The twin.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from firmware_export import export_firmware
    >>> from skdualcnn import DualPathCNNClassifier
    >>> X = np.random.default_rng(0).random((100, 8))
    >>> y = (X[:, 0] > 0.5).astype(int)
    >>> network = DualPathCNNClassifier(conv_channels=(4,), dense_units=8, max_epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = export_firmware(network.fit(X, y), folder, calibration_data=X)
    >>> report.parameters, report.multiply_adds, report.ram_bytes
    (170, 240, 52)
    """
    check_prefix(prefix)
    target = Path(directory).absolute()
    _check_target(target, overwrite=overwrite)
    twin = _make_twin(estimator, calibration_data, activation_bits, calibration)
    graph = twin.integer_graph_
    readings = twin.readings(calibration_data)
    if len(readings) == 0:
        raise ExportError("calibration_data has no row, expected a sample of the training data.")
    # With windows: a stream of its own, long enough to push the first row out again.
    golden = spread_rows(readings, GOLDEN_ROWS + (graph.window - 1))
    answers = answer(graph, golden)
    vectors = GoldenVectors(golden, answers.logits, answers.probabilities, answers.decisions)
    windows = stack_windows(readings, graph.window)
    layers = measure_layers(twin.graph_, graph, spread_rows(windows, NOISE_ROWS))
    with replaced_folder(target) as building:
        for name, text in render_firmware(graph, prefix, vectors).items():
            file = building / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        report = FirmwareReport(
            directory=target,
            prefix=prefix,
            parameters=graph.parameters,
            multiply_adds=graph.multiply_adds,
            stack_bytes=measure_stack(building, prefix),
            flash_bytes=measure_flash(graph, building, prefix),
            ram_bytes=arena_bytes(graph) + state_bytes(graph),
            state_bytes=state_bytes(graph),
            layers=layers,
            digest=graph.digest,
            twin=twin,
        )
        document = json.dumps(report.to_dict(), indent=2)
        (building / "report.json").write_text(document + "\n", encoding="utf-8")
    return report


def _make_twin(
    estimator: Any, calibration_data: Any, activation_bits: int, calibration: Calibration
) -> FixedPointClassifier:
    estimator = unfreeze(estimator)
    if isinstance(estimator, FixedPointClassifier):
        if not hasattr(estimator, "integer_graph_"):
            raise ExportError("The FixedPointClassifier is not fitted. Call fit before the export.")
        return estimator
    return FixedPointClassifier(
        FrozenEstimator(estimator), activation_bits=activation_bits, calibration=calibration
    ).fit(calibration_data)


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file, expected a folder that can be made.")
    if not any(target.iterdir()):
        return
    if not _is_export(target):
        raise ExportError(
            f"{target} is not empty and not an earlier export, expected a new or empty folder. "
            "Choose another directory."
        )
    if not overwrite:
        raise ExportError(
            f"{target} holds an earlier export. Choose another directory, or overwrite=True."
        )


def _is_export(target: Path) -> bool:
    try:
        report = json.loads((target / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(report, dict) and report.get("generator") == GENERATOR
