"""The exported C against its twin, on every bit of every answer."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._footprint import FirmwareReport
from firmware_export._harness import build_harness
from firmware_export._targets import find_target
from firmware_export._toolchain import run_rows
from firmware_export._twin import FixedPointAnswers
from skdualcnn.exceptions import ExportError


@dataclass(frozen=True)
class FirmwareCheck:
    """How many rows the compiled C answered like its twin.

    Attributes
    ----------
    rows : int
        Rows that were run.
    identical : int
        Rows whose status, logits, probabilities, classes and decision all agree on
        every bit.
    first_difference : int or None
        First row that differs.
    """

    rows: int
    identical: int
    first_difference: int | None

    def __str__(self) -> str:
        return f"{self.identical} of {self.rows} rows identical"


def check_firmware(report: FirmwareReport, X: Any, *, target: str = "host") -> FirmwareCheck:
    """Compile an exported folder, here or for an emulated chip, and run it on every row of X.

    Parameters
    ----------
    report : FirmwareReport
        What :func:`export_firmware` returned; the folder must still be there.
    X : DataFrame or array-like
        Rows as the exported estimator takes them; with windows, those of a device in the
        order of time. The C starts each device from a fresh state.
    target : {"host", "lx106", "rv32imc", "cortex-m3"}, default="host"
        Where it runs: on this machine, or in QEMU on an Xtensa LX106 (the ESP8266, and
        the closest to an ESP32), a RISC-V RV32IMC (the ESP32-C3) or an Arm Cortex-M3.

    Returns
    -------
    FirmwareCheck
        Counts of rows; `str` of it reads "3264 of 3264 rows identical".

    Raises
    ------
    ToolchainError
        If the target is unknown, its compiler or emulator is missing (the error names the
        Debian packages), or one of them fails.
    ExportError
        If the exported folder is gone.
    ValueError
        If X has no row, or holds a reading that the firmware refuses.

    Examples
    --------
    >>> check = check_firmware(report, X_test)  # doctest: +SKIP
    >>> print(check)  # doctest: +SKIP
    3264 of 3264 rows identical
    >>> print(check_firmware(report, X_test, target="rv32imc"))  # doctest: +SKIP
    3264 of 3264 rows identical
    """
    machine = find_target(target)
    twin = report.twin
    if not (report.directory / "src").is_dir():
        raise ExportError(
            f"{report.directory} has no folder src, expected the export that the report is of. "
            "Export again."
        )
    expected = expected_answers(twin.answers(X))
    if len(expected) == 0:
        raise ValueError("X has no row, expected the rows to run.")
    rows, order = twin.readings(X), np.arange(len(expected))
    flags: tuple[str, ...] = ()
    devices = twin.devices(X)
    if devices is not None and twin.integer_graph_.window > 1:
        order = np.argsort(devices, kind="stable")
        begins = np.diff(devices[order], prepend=-1) != 0
        rows = np.column_stack([begins, rows[order]]).astype(np.float32)
        flags = ("-DDEVICES",)
    with tempfile.TemporaryDirectory(prefix="skdualcnn_check_") as folder:
        program = build_harness(
            report.twin.integer_graph_,
            report.directory,
            report.prefix,
            Path(folder),
            flags,
            target=machine,
        )
        answers = run_rows(program, rows, Path(folder), machine)
    differs = np.flatnonzero((answers != expected[order]).any(axis=1))
    return FirmwareCheck(
        rows=len(rows),
        identical=len(rows) - len(differs),
        first_difference=int(order[differs].min()) if len(differs) else None,
    )


def expected_answers(answers: FixedPointAnswers) -> NDArray[np.int32]:
    """Return the twin's answers in the order in which the harness writes the C's."""
    rows = len(answers.logits[0])
    columns: list[NDArray[Any]] = [np.zeros((rows, 1), dtype=np.int32)]
    for head in zip(answers.logits, answers.probabilities, answers.classes, strict=True):
        columns += [head[0], head[1], head[2][:, None]]
    if answers.decisions is not None:
        columns.append(answers.decisions[:, None])
    return np.hstack(columns).astype(np.int32)
