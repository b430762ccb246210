"""The exported C on emulated chips, every signal and every answer on every bit."""

import os
import shutil

import numpy as np
import pytest

from firmware_export import check_firmware
from firmware_export._check import expected_answers
from firmware_export._harness import build_harness
from firmware_export._integer import run
from firmware_export._integer_readings import quantise_readings
from firmware_export._objects import CODE_PARTS, compile_objects
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows
from firmware_export._targets import HOST, RUNTIME
from firmware_export._toolchain import compile_c, run_command, run_rows
from firmware_export._twin import answer
from skdualcnn.exceptions import ToolchainError

SHAPES = {
    "one channel, odd lengths, a decision": (
        "-O2",
        {"steps": 25, "blocks": (7, 2), "pool": 3, "rule": "anomaly"},
    ),
    "37 inputs, three heads": ("-Os", {"steps": 37, "classes": (4, 2, 5), "slope": 0.0}),
    "kernel 5, two residual blocks": (
        "-Og",
        {"steps": 13, "channels": 3, "blocks": (5,), "residuals": 2, "kernel": 5},
    ),
    "global pooling of 24 steps": ("-Os", {"steps": 48, "pooling": True, "residuals": 1}),
    "window, separate trunks, global pooling": (
        "-O2",
        {"steps": 7, "channels": 2, "window": True, "separate": True, "pool": 1, "pooling": True},
    ),
    "window, separate trunks": (
        "-O2",
        {"steps": 9, "channels": 2, "window": True, "separate": True, "residuals": 1},
    ),
}


def _rows(graph, rows=20):
    """Return usual rows, then rows that saturate every signal, then zeros."""
    usual = np.random.default_rng(7).normal(size=(rows, len(graph.front_end.readings)))
    return np.vstack([usual, usual * 100, np.zeros_like(usual[:1])]).astype(np.float32)


@pytest.mark.parametrize(("level", "shape"), SHAPES.values(), ids=SHAPES.keys())
def test_every_signal_is_identical(make_graph, write_firmware, tmp_path, emulated, level, shape):
    graph = make_graph(3, **shape)
    readings = _rows(graph)
    windows = stack_windows(readings, graph.front_end.window)
    quantised = quantise(graph, windows[:20])
    write_firmware(quantised, readings[:2], tmp_path)
    flags = (level, "-DMODEL_TRACE")
    program = build_harness(quantised, tmp_path, "model", tmp_path, flags, emulated)
    tensors = run(quantised, quantise_readings(quantised, windows))
    signals = [values.reshape(len(readings), -1) for values in tensors]
    answers = expected_answers(answer(quantised, readings))
    np.testing.assert_array_equal(
        run_rows(program, readings, tmp_path, emulated), np.hstack([*signals, answers])
    )


def test_deciders_answer_like_their_twins(report, window_report, ward, emulated):
    X = ward[0]
    for one in (report, window_report):
        assert str(check_firmware(one, X, target=emulated.name)) == "240 of 240 rows identical"


def test_two_models_in_one_program(make_graph, write_firmware, tmp_path, emulated):
    sources, wanted = [], []
    for seed, prefix in enumerate(["one", "two"]):
        graph = make_graph(seed, rule="anomaly", classes=(3, 2))
        readings = _rows(graph)
        quantised = quantise(graph, readings[:20])
        (tmp_path / prefix).mkdir()
        write_firmware(quantised, readings[:2], tmp_path / prefix, prefix)
        sources += sorted((tmp_path / prefix / "src").glob("*.c"))
        wanted.append(answer(quantised, readings).logits[0])
    main = tmp_path / "main.c"
    main.write_text(
        '#include "one.h"\n#include "two.h"\n#include "runtime.h"\n'
        "int main(void)\n{\n"
        "    static one_workspace first_workspace;\n"
        "    static two_workspace second_workspace;\n"
        "    static float readings[ONE_READINGS];\n"
        "    if (runtime_open()) return 2;\n"
        "    while (runtime_read(readings, sizeof readings) == 0) {\n"
        "        one_result first;\n"
        "        two_result second;\n"
        "        int32_t logits[6];\n"
        "        uint32_t i;\n"
        "        if (one_run(&first_workspace, readings, ONE_READINGS, &first) != ONE_OK)\n"
        "            return 3;\n"
        "        if (two_run(&second_workspace, readings, TWO_READINGS, &second) != TWO_OK)\n"
        "            return 4;\n"
        "        for (i = 0u; i < 3u; ++i) {\n"
        "            logits[i] = first.head_0_logit[i];\n"
        "            logits[3u + i] = second.head_0_logit[i];\n"
        "        }\n"
        "        if (runtime_write(logits, sizeof logits)) return 5;\n"
        "    }\n"
        "    return 0;\n}\n"
    )
    program = compile_c(
        [main, RUNTIME / f"{emulated.name}.c", *sources],
        tmp_path / "both",
        include=tmp_path / "one/src",
        flags=(f"-I{tmp_path / 'two/src'}", f"-I{RUNTIME}"),
        target=emulated,
    )
    got = run_rows(program, readings, tmp_path, emulated)
    np.testing.assert_array_equal(got, np.hstack(wanted))


@pytest.mark.parametrize("level", ["-O2", "-Os", "-Og"])
def test_no_compiler_warns(report, window_report, tmp_path, emulated, level):
    for one in (report, window_report):
        compile_objects(
            one.directory,
            one.prefix,
            (*CODE_PARTS, "weights"),
            tmp_path,
            flags=(level,),
            target=emulated,
        )


@pytest.mark.parametrize(
    ("body", "said"),
    [("return 9;", "ended with 9, expected 0"), ("for (;;) { }", "timed out after 1.0 seconds")],
)
def test_program_that_fails_or_hangs(tmp_path, emulated, monkeypatch, body, said):
    main = tmp_path / "main.c"
    main.write_text(f"int main(void) {{ {body} }}\n")
    program = compile_c(
        [main, RUNTIME / f"{emulated.name}.c"],
        tmp_path / "program",
        include=RUNTIME,
        target=emulated,
    )
    if "timed" in said:
        monkeypatch.setattr("firmware_export._toolchain.TIMEOUT_S", 1.0)
        monkeypatch.setattr("firmware_export._toolchain.ROW_TIMEOUT_S", 0.0)
    with pytest.raises(
        ToolchainError, match=rf"Could not run the firmware on {emulated.name}: .*{said}"
    ):
        run_rows(program, np.zeros((1, 1), dtype=np.float32), tmp_path, emulated)


def test_cppcheck_has_nothing_to_say(report, window_report):
    if shutil.which("cppcheck") is None:
        assert os.environ.get("SKDUALCNN_TOOLS") != "required"
        pytest.skip("cppcheck is not installed (on Debian: apt install cppcheck)")
    for one in (report, window_report):
        # All compilers of these chips shift negative numbers to the right as the C expects.
        options = "--std=c99 --enable=warning,performance,portability --error-exitcode=1 -q"
        options += " --suppress=shiftNegativeLHS"
        run_command(["cppcheck", *options.split(), str(one.directory / "src")], "check the C")


def test_the_host_is_a_target_too(report, ward, compiler):
    assert check_firmware(report, ward[0], target=HOST.name).identical == len(ward[0])
