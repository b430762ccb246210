"""skdualcnn export: a saved decider as a folder of C."""

import argparse
from pathlib import Path

from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._files import keep_apart
from skdualcnn._commands._model import add_model_arguments, expect_fit, load_decider, read_rows
from skdualcnn._commands._source import divide

SUMMARY = "write a saved decider as integer C, and check the C"
DESCRIPTION = (
    "Load a model, set the ranges of its integers by rows that it was trained on, write a folder "
    "of C99 that is a component of ESP-IDF, an Arduino library and a PlatformIO library, compile "
    "it here and compare it with its twin on every row held out."
)
EXAMPLES = """\
skdualcnn export ward.skdualcnn
skdualcnn export model.skdualcnn --csv beds.csv --out bed_monitor
skdualcnn export ward.skdualcnn --target rv32imc --measure instructions"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model_arguments(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("firmware"),
        help="folder to write; an earlier export is replaced (default: firmware)",
    )
    parser.add_argument(
        "--prefix", default="ward_monitor", help="of every symbol in C (default: ward_monitor)"
    )
    parser.add_argument(
        "--activation-bits",
        type=int,
        choices=(8, 16),
        default=16,
        help="bits of what one layer hands to the next (default: 16)",
    )
    parser.add_argument(
        "--calibration",
        choices=("minmax", "percentile", "mse"),
        default="minmax",
        help="how ranges are read off the rows (default: minmax)",
    )
    parser.add_argument(
        "--measure",
        choices=("sizes", "instructions"),
        default="sizes",
        help="what to measure on each chip whose tools are installed (default: sizes)",
    )
    parser.add_argument(
        "--target",
        choices=("host", "lx106", "rv32imc", "cortex-m3"),
        default="host",
        help="where the C is compared with its twin: here, or on an emulated chip (default: host)",
    )
    parser.add_argument("--no-check", action="store_true", help="do not compile and compare")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    keep_apart(options, ["out"], ["model", "csv"])
    from firmware_export import check_firmware, export_firmware  # noqa: PLC0415  (imports torch)
    from skdualcnn._studies import labels_of, thin  # noqa: PLC0415

    console = Console()
    decider, noted = load_decider(options.model)
    study, dataset = read_rows(options, decider, noted)
    train, test = divide(dataset, options.seed)
    X_test = dataset.data.iloc[test]
    y_test = labels_of(dataset, test)
    with expect_fit(options.model, study.title):
        decider.true_state(y_test)
        decider.predict(X_test.iloc[:8])
    report = export_firmware(
        decider,
        options.out,
        calibration_data=dataset.data.iloc[thin(train, study.window)],
        evaluation_data=(X_test, y_test),
        prefix=options.prefix,
        activation_bits=options.activation_bits,
        calibration=options.calibration,
        measure=options.measure,
    )
    console.print(
        f"{report.parameters:,} parameters, {report.multiply_adds:,} multiply-adds a row, "
        f"{sum(report.flash_bytes.values()):,} bytes of flash, {report.ram_bytes:,} of RAM"
    )
    console.print(f"integers against floats: {report.fidelity}")
    if not options.no_check:
        checked = check_firmware(report, X_test, target=options.target)
        console.print(f"C against its twin, on {options.target}: {checked}")
    console.print(f"written: {options.out}; sizes and figures are in REPORT.md there")
    return DONE
