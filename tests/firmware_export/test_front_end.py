"""The generated front end on any 32 bits as a reading: status and every signal as the twin's."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from firmware_export._curve import Curve
from firmware_export._graph import CategoricalColumn, FrontEnd, NumericColumn
from firmware_export._harness import build_harness
from firmware_export._integer_readings import Status, from_fixed, to_fixed
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows
from firmware_export._toolchain import WARNINGS, run_command, run_rows

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
LIMITS = {"line": (-2.5, 7.3), "tail": (0.0, np.inf), "gap": (-np.inf, -0.1)}
SPECIAL = np.array(
    [
        *(0x7FC00000, 0x7F800001, 0xFFC12345, 0x7FFFFFFF),  # NaN, whatever its payload
        *(0x7F800000, 0xFF800000),  # infinite
        *(0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x807FFFFF),  # zero
        *(0x00800000, 0x80800000, 0x7F7FFFFF, 0xFF7FFFFF),  # smallest and largest
    ],
    dtype=np.uint32,
).view(np.float32)


def _front_end(steps, window):
    """Columns of every kind: 8 inputs of a row."""
    fine = np.array([-1e-6, -5e-7, 1e-9, 2e-9, 1e9])
    ranks = Curve(np.geomspace(1e-3, 1e6, 17), np.linspace(0, 1, 17))
    columns = (
        NumericColumn("line", 0, 0, Curve(np.array([-2.0, 7.0]), np.array([-1.0, 1.0]))),
        NumericColumn("tail", 1, 1, ranks, missing=0.4, indicator=2),
        NumericColumn("gap", 2, 3, Curve(fine, np.linspace(0, 1, 5)), missing=0.0),
        CategoricalColumn("kind", 3, 4, ("a", "b", "c"), missing=1),
        NumericColumn("seen", 4, None, missing=0.0, indicator=7),
    )
    names = tuple(column.name for column in columns)
    shape = (8, 1) if window == 1 else (window, 8)
    assert steps == shape[0]
    return FrontEnd(names, tuple(range(5)), columns, *shape, window)


@pytest.fixture(scope="module", params=[(1, None), (1, LIMITS), (4, LIMITS)], ids=str)
def quantised(request, make_graph):
    window, limits = request.param
    if window == 1:
        graph = make_graph(steps=8, rule="anomaly")
    else:
        graph = make_graph(steps=window, channels=8, window=True)
    graph = replace(graph, front_end=_front_end(graph.front_end.steps, window))
    rows = np.array([[0.0, 3.0, -5e-7, 1.0, 0.0], [6.0, 1e5, -1.0, 2.0, 0.0]], dtype=np.float32)
    windows = stack_windows(np.repeat(rows, 20, axis=0), window)
    return quantise(graph, windows, limits=limits)


def _build(quantised, write_firmware, folder, flags):
    usual = np.array([[0.0, 3.0, -0.5, 1.0, 0.0]], dtype=np.float32)
    write_firmware(quantised, usual, folder)
    return build_harness(quantised, folder, "model", folder, flags)


@pytest.fixture(scope="module")
def program(quantised, compiler, write_firmware, tmp_path_factory):
    return _build(quantised, write_firmware, tmp_path_factory.mktemp("floats"), SANITIZERS)


@pytest.fixture(scope="module")
def fixed_program(quantised, compiler, write_firmware, tmp_path_factory):
    flags = (*SANITIZERS, "-DFIXED")
    return _build(quantised, write_firmware, tmp_path_factory.mktemp("fixed"), flags)


def _usual(rng, rows):
    """Return readings of all magnitudes that are mostly accepted."""
    line = rng.uniform(-2.5, 7.3, rows)
    tail = 10 ** rng.uniform(-5, 8, rows)
    gap = -(10 ** rng.uniform(-1, 12, rows))
    kind = rng.choice([0, 1, 2, 3, -1, 0.5, 1 + 2.0**-15, 2 - 2.0**-20, 70000], rows)
    return np.column_stack([line, tail, gap, kind, rng.normal(size=rows)]).astype(np.float32)


def test_any_bits_as_floats(expect_rows, quantised, program, tmp_path):
    rng = np.random.default_rng(0)
    usual = _usual(rng, 1500)
    wild = rng.integers(0, 2**32, (1500, 5), dtype=np.uint32).view(np.float32)
    special = rng.choice(SPECIAL, (1500, 5))
    chosen = rng.random((1500, 5))
    mixed = np.where(chosen < 0.9, usual, np.where(chosen < 0.95, wild, special))
    one = usual[:80].copy()
    one[np.arange(80), np.arange(80) % 5] = np.repeat(SPECIAL, 5)
    readings = np.vstack([mixed, one, wild, special]).astype(np.float32)
    got = run_rows(program, readings, tmp_path)
    np.testing.assert_array_equal(got, expect_rows(quantised, readings))
    found = set(got[:, 0])
    assert found == {0, Status.INFINITE, Status.MISSING} | ({5} if quantised.limits else set())
    assert (got[:, 0] == 0).sum() > 300


def test_any_bits_in_fixed_point(expect_rows, quantised, fixed_program, tmp_path):
    rng = np.random.default_rng(1)
    usual = to_fixed(quantised, _usual(rng, 1500))
    wild = rng.integers(-(2**31), 2**31, (3000, 5)).astype(np.int32)
    wild[:1500] = np.where(rng.random((1500, 5)) < 0.9, usual, wild[:1500])
    wild[rng.random(wild.shape) < 0.02] = -(2**31)
    wild[rng.random(wild.shape) < 0.02] = 0
    got = run_rows(fixed_program, wild, tmp_path)
    np.testing.assert_array_equal(got, expect_rows(quantised, from_fixed(quantised, wild)))
    assert (got[:, 0] == 0).sum() > 300


def test_a_number_gives_the_same_in_both_forms(quantised, program, fixed_program, tmp_path):
    rng = np.random.default_rng(2)
    # Cut to what both forms hold: 24 bits, and the fractional bits of the reading.
    fixed = to_fixed(quantised, _usual(rng, 1000)).astype(np.int64)
    dropped = np.maximum(np.frexp(fixed.astype(float))[1] - 24, 0)
    fixed = (fixed >> dropped << dropped).astype(np.int32)
    fixed[rng.random(fixed.shape) < 0.02] = -(2**31)
    exact = from_fixed(quantised, fixed)
    readings = exact.astype(np.float32)
    np.testing.assert_array_equal(readings.astype(np.float64), exact)
    np.testing.assert_array_equal(to_fixed(quantised, readings), fixed)
    got = run_rows(fixed_program, fixed, tmp_path)
    np.testing.assert_array_equal(got, run_rows(program, readings, tmp_path))


@pytest.mark.parametrize("optimise", ["-Os", "-O2"])
def test_chips_without_a_floating_point_unit_need_no_library(
    quantised, write_firmware, tmp_path, optimise
):
    compiler = shutil.which("xtensa-lx106-elf-gcc")
    if compiler is None:
        pytest.skip("xtensa-lx106-elf-gcc is not installed")
    write_firmware(quantised, np.array([[0.0, 3.0, -0.5, 1.0, 0.0]], dtype=np.float32), tmp_path)
    used = set()
    for part in ("model", "kernels", "weights"):
        source, target = tmp_path / f"src/model_{part}.c", tmp_path / f"{part}.o"
        command = [compiler, "-std=c99", *WARNINGS, optimise, "-c", "-o", str(target), str(source)]
        run_command(command, "compile for the LX106")
        listed = run_command(["xtensa-lx106-elf-nm", "-u", str(target)], "list symbols")
        used |= set(re.findall(r" U (\S+)", listed))
    foreign = {name for name in used if not name.startswith("model_")}
    assert foreign <= {"memcpy", "memmove", "memset"}
