"""The path for the ESP32's multiply-accumulate unit, on an emulated core that has it.

Debian's compiler is for the LX106, which has not: macros spell the instructions out.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_export._arena import plan_arena
from firmware_export._check import expected_answers
from firmware_export._counting import count_stretches
from firmware_export._harness import build_harness
from firmware_export._integer import run
from firmware_export._integer_readings import quantise_readings
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows
from firmware_export._toolchain import run_rows
from firmware_export._twin import answer

FOLDER = Path(__file__).parent / "mac16"
MAC16 = ("-DMODEL_USE_MAC16", f"-Wa,-I{FOLDER}", "-include", str(FOLDER / "mac16.h"))
SHAPES = {
    "132 inputs to the dense layer": {"steps": 22, "blocks": (12,), "units": 24},
    "odd lengths": {"steps": 25, "channels": 3, "blocks": (7,), "units": 17, "pool": 3},
    "global pooling": {"steps": 14, "blocks": (9,), "units": 17, "pooling": True},
    "window": {"steps": 16, "channels": 5, "blocks": (16,), "window": True, "units": 20},
}


@pytest.fixture
def mac16(emulated):
    if emulated.name != "lx106":
        pytest.skip("MAC16 is an option of Xtensa cores")
    command, *options = ("de212" if word == "lx106" else word for word in emulated.emulator)
    # QEMU 7.2 loses loads into the unit's registers if it translates more than an instruction.
    return replace(emulated, emulator=(command, "-singlestep", *options))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_signal_is_identical(make_graph, write_firmware, tmp_path, mac16, shape):
    graph = make_graph(5, rule="anomaly", **shape)
    rng = np.random.default_rng(0)
    usual = rng.normal(size=(20, len(graph.front_end.readings)))
    readings = np.vstack([usual, usual * 100]).astype(np.float32)
    windows = stack_windows(readings, graph.front_end.window)
    quantised = quantise(graph, windows[:20])
    write_firmware(quantised, readings[:2], tmp_path)
    signals = [
        values.reshape(len(readings), -1)
        for values in run(quantised, quantise_readings(quantised, windows))
    ]
    wanted = np.hstack([*signals, expected_answers(answer(quantised, readings))])
    flags = ("-O2", "-DMODEL_TRACE", *MAC16)
    program = build_harness(quantised, tmp_path, "model", tmp_path, flags, mac16)
    np.testing.assert_array_equal(run_rows(program, readings, tmp_path, mac16), wanted)


def test_tensors_begin_at_a_word(make_graph):
    graph = make_graph(steps=25, channels=3, blocks=(7,), pool=3)
    rows = np.zeros((3, len(graph.front_end.readings)), dtype=np.float32)
    offsets, size = plan_arena(quantise(graph, rows))
    assert not any(offset % 2 for offset in offsets)
    assert size % 2 == 0


def test_it_takes_fewer_instructions(make_graph, write_firmware, tmp_path, mac16):
    graph = make_graph(steps=68, blocks=(16,), units=128)
    rows = np.random.default_rng(0).normal(size=(4, 68)).astype(np.float32)
    quantised = quantise(graph, rows)
    write_firmware(quantised, rows[:2], tmp_path)
    counts = []
    for unit in ((), MAC16):
        program = build_harness(
            quantised, tmp_path, "model", tmp_path, ("-O2", "-DCOUNT", *unit), mac16
        )
        counts.append(count_stretches(program, rows, tmp_path, mac16)[0])
    assert counts[1] < 0.8 * counts[0]
