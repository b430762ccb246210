"""The one public function: fitted estimator in, folder of C out."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing

from firmware_export._arena import arena_bytes, state_bytes
from firmware_export._calibration import Calibration
from firmware_export._classical import measure_baselines
from firmware_export._emit import GoldenVectors, render_firmware
from firmware_export._extract import unfreeze
from firmware_export._fidelity import compare_with_float
from firmware_export._footprint import GENERATOR, FirmwareReport
from firmware_export._literals import constant_bytes
from firmware_export._names import check_prefix
from firmware_export._noise import measure_layers
from firmware_export._packaging import Metadata
from firmware_export._quantize_limits import Limits
from firmware_export._report_text import render_report
from firmware_export._rows import spread_rows
from firmware_export._target_cost import LEVELS, measure_targets
from firmware_export._twin import FixedPointClassifier, answer
from skdualcnn._writing import check_replaceable, replaced_folder
from skdualcnn.exceptions import ExportError

GOLDEN_ROWS = 16

Measure = Literal["sizes", "instructions"]


def export_firmware(
    estimator: Any,
    directory: str | os.PathLike[str],
    *,
    calibration_data: Any,
    prefix: str = "model",
    version: str = Metadata.version,
    author: str = Metadata.author,
    url: str | None = Metadata.url,
    activation_bits: int = 16,
    calibration: Calibration = "minmax",
    limits: Limits | None = None,
    evaluation_data: tuple[Any, Any] | None = None,
    measure: Measure = "sizes",
    baselines: Mapping[str, Any] | None = None,
    overwrite: bool = True,
) -> FirmwareReport:
    """Write a fitted estimator as integer C99 that answers like its fixed-point twin.

    The folder holds the preprocessing, the network and, for a decider, the decision;
    a self-test with golden vectors, a README, a Makefile and report.json. It is at once a
    component of ESP-IDF, a library of Arduino and one of PlatformIO, with an example for
    each. It is written whole or not at all.

    Parameters
    ----------
    estimator : FusionDecider, Pipeline, DualPathCNNClassifier or FixedPointClassifier
        Fitted. A FixedPointClassifier is exported as it was calibrated.
    directory : path-like
        Folder to make; its parent is made if need be. Of a link, the folder behind it.
    calibration_data : DataFrame or array-like
        Rows as the estimator takes them, such as the training data: they set the
        ranges of the integers, and some of them become the golden vectors. In the order
        of time if the estimator looks at windows.
    prefix : str, default="model"
        First part of every symbol, macro and file name: a lower-case C identifier. It
        names the library, too.
    version : str, default="0.1.0"
        Of the model, for the manifests: three numbers, as in semantic versioning.
    author : str, default="The authors of the model"
        Whom the manifests name.
    url : str or None, default=None
        A page about the model, for the manifests. None leaves it out, which only
        registries mind.
    activation_bits : {8, 16}, default=16
        Bits of the activations between layers; 8 take half the RAM. Logits keep 16.
    calibration : {"minmax", "percentile", "mse"}, default="minmax"
        How ranges are read off `calibration_data`; see `FixedPointClassifier`.
    limits : mapping of str to (float, float), default=None
        Lowest and highest value, in its own units, that a numeric reading is accepted
        at, by the name of its column: the C returns a status for one outside. Without,
        a reading is limited to its column's range: that of the estimator or, where it
        sets none (a MinMaxScaler without clip, or no scaler), what the integers hold. A
        FixedPointClassifier has limits of its own; the readings of a series have none.
    evaluation_data : tuple (X, y), default=None
        Rows that neither the training nor the calibration saw, and their labels, on which
        the integers are compared with the float estimator: the report's `fidelity`. y may
        be None.
    measure : {"sizes", "instructions"}, default="sizes"
        What is measured on each target whose tools are installed: code, constants and
        stack at -O2; or these and the instructions of a call, on the emulators, at -O2,
        -Os and -Og, which takes some ten seconds.
    baselines : mapping of str to Pipeline, default=None
        Fitted classical models on the same columns, such as a LogisticRegression behind
        the same preprocessor. They are turned to C++ by micromlgen (an extra) and measured
        like ours. A forest keeps each compiler busy for minutes.
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
    ValueError
        If the firmware refuses a reading of `calibration_data`, such as one outside its limits.
    OSError
        If the folder cannot be written, or is the working directory or holds it.
    ToolchainError
        If an installed compiler or emulator fails on what was written.

    See Also
    --------
    check_firmware : Compiles the folder and compares it with the twin.
    compare_with_float : Compares the twin with the float estimator.
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
    metadata = Metadata(version, author, url)
    if measure not in get_args(Measure):
        raise ExportError(f"measure is {measure!r}, expected one of {get_args(Measure)}.")
    if evaluation_data is not None and not _is_pair(evaluation_data):
        raise ExportError(
            f"evaluation_data is of type {type(evaluation_data).__name__}, expected a tuple of the "
            "two (X, y). Give (X, None) where there are no labels."
        )
    target = Path(directory).resolve()
    _check_target(target, overwrite=overwrite)
    check_replaceable(target)
    twin = _make_twin(estimator, calibration_data, activation_bits, calibration, limits)
    graph = twin.integer_graph_
    readings = twin.readings(calibration_data)
    if len(readings) == 0:
        raise ExportError("calibration_data has no row, expected a sample of the training data.")
    # With windows: a stream of its own, long enough to push the first row out again.
    golden = spread_rows(readings, GOLDEN_ROWS + (graph.history - 1))
    answers = answer(graph, golden)
    vectors = GoldenVectors(golden, answers.logits, answers.probabilities, answers.decisions)
    layers = measure_layers(twin.graph_, graph, twin.windows(calibration_data))
    fidelity = None if evaluation_data is None else compare_with_float(twin, *evaluation_data)
    with replaced_folder(target) as building:
        for name, text in render_firmware(graph, prefix, vectors, metadata).items():
            file = building / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        counting = measure == "instructions"
        costs = measure_targets(
            graph,
            building,
            prefix,
            levels=LEVELS if counting else LEVELS[:1],
            readings=golden if counting else None,
        )
        host = costs.get("host", {}).get("O2")
        report = FirmwareReport(
            directory=target,
            prefix=prefix,
            parameters=graph.parameters,
            multiply_adds=graph.multiply_adds,
            flash_bytes={
                "constants": constant_bytes(graph),
                **({} if host is None else {"code": host.code_bytes}),
            },
            ram_bytes=arena_bytes(graph) + state_bytes(graph),
            state_bytes=state_bytes(graph),
            stack_bytes=None if host is None else host.stack_bytes,
            targets=costs,
            baselines=measure_baselines(
                baselines or {},
                _safe_indexing(calibration_data, np.arange(min(GOLDEN_ROWS, len(readings)))),
            ),
            layers=layers,
            fidelity=fidelity,
            digest=graph.digest,
            twin=twin,
        )
        document = json.dumps(report.to_dict(), indent=2)
        (building / "report.json").write_text(document + "\n", encoding="utf-8")
        (building / "REPORT.md").write_text(render_report(report), encoding="utf-8")
    return report


def _make_twin(
    estimator: Any,
    calibration_data: Any,
    activation_bits: int,
    calibration: Calibration,
    limits: Limits | None,
) -> FixedPointClassifier:
    estimator = unfreeze(estimator)
    if isinstance(estimator, FixedPointClassifier):
        if not hasattr(estimator, "integer_graph_"):
            raise ExportError("The FixedPointClassifier is not fitted. Call fit before the export.")
        if limits is not None:
            raise ExportError(
                "limits were given beside a FixedPointClassifier, which has limits of its own. "
                "Give them to the FixedPointClassifier."
            )
        return estimator
    return FixedPointClassifier(
        FrozenEstimator(estimator),
        activation_bits=activation_bits,
        calibration=calibration,
        limits=limits,
    ).fit(calibration_data)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2


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
