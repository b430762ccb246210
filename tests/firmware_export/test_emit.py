"""The generated C against the arithmetic it was generated from, every signal on every bit."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._arena import plan_arena, sources_of
from firmware_export._check import expected_answers
from firmware_export._emit import GoldenVectors, render_firmware
from firmware_export._integer import run
from firmware_export._integer_readings import quantise_readings
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows
from firmware_export._toolchain import compile_c, run_command
from firmware_export._twin import answer

SANITIZERS = (
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-g",
    "-DMODEL_TRACE",
    "-O1",
)
SHAPES = {
    "paper in small": {"steps": 17, "blocks": (6,), "rule": "anomaly"},
    "37 inputs, three heads": {"steps": 37, "classes": (4, 2, 5), "slope": 0.0},
    "separate trunks": {"steps": 11, "separate": True, "rule": "confidence", "blocks": (3, 5)},
    "window, two residual blocks": {
        "steps": 13,
        "channels": 3,
        "blocks": (5,),
        "residuals": 2,
        "kernel": 5,
    },
    "one head, no pooling": {"steps": 4, "classes": (2,), "pool": 1, "blocks": (1,)},
    "kernel 1, pool 3, odd lengths": {"steps": 25, "kernel": 1, "pool": 3, "blocks": (7, 2)},
    "global pooling of 24 steps": {"steps": 48, "pooling": True, "rule": "anomaly"},
    "global pooling of 7 steps, residual block, three heads": {
        "steps": 21,
        "pool": 3,
        "residuals": 1,
        "pooling": True,
        "classes": (4, 2, 5),
    },
    "global pooling of 62 steps, a mean that must be limited": {
        "steps": 62,
        "blocks": (),
        "pooling": True,
    },
    "global pooling of one step, separate trunks": {
        "steps": 3,
        "pool": 3,
        "blocks": (3,),
        "pooling": True,
        "separate": True,
    },
    "global pooling of a window, separate trunks": {
        "steps": 11,
        "channels": 3,
        "window": True,
        "pool": 1,
        "residuals": 1,
        "pooling": True,
        "separate": True,
        "rule": "anomaly",
    },
    "global pooling of the rows themselves, separate trunks": {
        "steps": 5,
        "channels": 3,
        "window": True,
        "blocks": (),
        "pooling": True,
        "separate": True,
    },
    "no convolution": {"steps": 9, "channels": 3, "blocks": ()},
    "no convolution, rows of a window": {"steps": 5, "channels": 3, "blocks": (), "window": True},
    "rows of a window": {"steps": 6, "channels": 3, "window": True, "rule": "anomaly"},
    "window, separate trunks, kernel 5": {
        "steps": 9,
        "channels": 2,
        "window": True,
        "separate": True,
        "kernel": 5,
        "residuals": 1,
    },
    "kernel as long as the signal": {"steps": 4, "kernel": 5, "pool": 1, "channels": 2},
    "rows left over, pool 4": {
        "steps": 21,
        "blocks": (9,),
        "pool": 4,
        "units": 13,
        "classes": (9,),
    },
    "pooled and not, pool 5": {"steps": 15, "blocks": (4,), "pool": 5, "residuals": 1},
    "one step, no activation": {"steps": 1, "pool": 1, "units": 1, "slope": 1.0},
    "every third row of a window": {"steps": 7, "channels": 3, "window": True, "stride": 3},
    "changes in some channels": {"channels": 3, "window": True, "changes": (0, 2)},
    "changes, every second row": {"steps": 5, "window": True, "stride": 2, "changes": (0,)},
    "changes of inputs that are limited for their sum": {
        "steps": 3,
        "channels": 900,
        "window": True,
        "pool": 1,
        "changes": (0, 899),
    },
    "a window whose missing steps are marked": {
        "steps": 6,
        "channels": 2,
        "window": True,
        "blank": True,
    },
    "missing steps, two rows apart, kernel 5": {
        "steps": 5,
        "window": True,
        "blank": True,
        "stride": 2,
        "kernel": 5,
    },
}


def _rows(graph, rows=40):
    """Return usual rows, rows that saturate every signal, then zeros and two saturated alike."""
    rng = np.random.default_rng(7)
    usual = rng.normal(size=(rows, len(graph.front_end.readings)))
    alike = np.multiply.outer([0, 1e20, -1e20], np.ones(usual.shape[1]))
    return np.vstack([usual, usual * 100, usual * 1e20, alike]).astype(np.float32)


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_signal_is_identical_under_sanitizers(
    make_graph, stack_readings, run_firmware, tmp_path, shape, bits
):
    graph = make_graph(bits, **shape)
    readings = _rows(graph)
    _check_every_signal(graph, readings, bits, stack_readings, run_firmware, tmp_path, SANITIZERS)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_random_graphs_answer_like_their_twins(
    make_graph, stack_readings, run_firmware, tmp_path_factory, data
):
    window = data.draw(st.booleans(), "window")
    shape = {
        "steps": data.draw(st.integers(3, 20), "steps"),
        "channels": data.draw(st.integers(1, 5), "channels"),
        "blocks": tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=2), "blocks")),
        "kernel": data.draw(st.sampled_from([1, 3, 5]), "kernel"),
        "residuals": data.draw(st.integers(0, 2), "residuals"),
        "slope": data.draw(st.sampled_from([0.0, 0.01, 1.0]), "slope"),
        "pooling": data.draw(st.booleans(), "pooling"),
        "units": data.draw(st.integers(1, 19), "units"),
        "classes": tuple(data.draw(st.lists(st.integers(2, 9), min_size=2, max_size=3), "classes")),
        "separate": data.draw(st.booleans(), "separate"),
        "rule": data.draw(st.sampled_from([None, "anomaly", "confidence"]), "rule"),
        "window": window,
        "stride": data.draw(st.integers(1, 3), "stride") if window else 1,
        "blank": data.draw(st.booleans(), "blank") if window else False,
    }
    if window and not shape["blank"]:
        channel = st.integers(0, shape["channels"] - 1)
        shape["changes"] = tuple(sorted(data.draw(st.sets(channel), "changes")))
    shape["pool"] = data.draw(st.integers(1, 3 if len(shape["blocks"]) == 1 else 1), "pool")
    graph = make_graph(data.draw(st.integers(0, 99), "seed"), **shape)
    bits = data.draw(st.sampled_from([8, 16]), "bits")
    folder = tmp_path_factory.mktemp("random")
    flags = ("-O1", "-DMODEL_TRACE", "-fsanitize=undefined", "-fno-sanitize-recover=all")
    _check_every_signal(graph, _rows(graph), bits, stack_readings, run_firmware, folder, flags)


def _check_every_signal(graph, readings, bits, stack_readings, run_firmware, tmp_path, flags):
    windows = stack_readings(graph.front_end, readings)
    quantised = quantise(graph, windows[:40], activation_bits=bits)
    tensors = run(quantised, quantise_readings(quantised, windows))
    expected = expected_answers(answer(quantised, readings))
    signals = [values.reshape(len(readings), -1) for values in tensors]
    got = run_firmware(quantised, readings, tmp_path, flags)
    assert got.shape[1] == sum(signal.shape[1] for signal in signals) + expected.shape[1]
    start = 0
    for tensor, signal in zip(quantised.tensors, signals, strict=True):
        part = got[:, start : start + signal.shape[1]]
        np.testing.assert_array_equal(part, signal, err_msg=tensor.name)
        start += signal.shape[1]
    np.testing.assert_array_equal(got[:, start:], expected)


def test_selftest_prints_its_count(make_graph, write_firmware, compiler, tmp_path):
    graph = make_graph(rule="anomaly")
    readings = _rows(graph)
    quantised = quantise(graph, readings[:40])
    write_firmware(quantised, readings[:9], tmp_path)
    sources = [*(tmp_path / "src").glob("*.c"), tmp_path / "selftest/model_main.c"]
    program = compile_c(sources, tmp_path / "program", include=tmp_path / "src")
    assert run_command([str(program)], "run the self-test") == "9 of 9 golden vectors identical\n"
    assert run_command(["make", "-C", str(tmp_path), "check"], "make").count("identical") == 1


def test_two_models_link_into_one_program(make_graph, write_firmware, compiler, tmp_path):
    sources = []
    for seed, prefix in enumerate(["one", "two"]):
        folder = tmp_path / prefix
        folder.mkdir()
        graph = make_graph(seed, residuals=1, rule="anomaly")
        readings = _rows(graph)
        write_firmware(quantise(graph, readings[:40]), readings[:3], folder, prefix)
        sources += sorted((folder / "src").glob("*.c"))
    main = tmp_path / "main.c"
    main.write_text(
        '#include "one_selftest.h"\n#include "two_selftest.h"\n'
        "static one_workspace first;\nstatic two_workspace second;\n"
        "int main(void) { return one_selftest(&first) + two_selftest(&second) == 6u ? 0 : 1; }\n"
    )
    program = compile_c(
        [main, *sources],
        tmp_path / "both",
        include=tmp_path / "one/src",
        flags=(f"-I{tmp_path / 'two/src'}",),
    )
    run_command([str(program)], "run both self-tests")


@pytest.mark.parametrize("window", [False, True])
def test_every_symbol_has_the_prefix_and_nothing_is_mutable(
    make_graph, write_firmware, compiler, tmp_path, window
):
    graph = make_graph(residuals=1, rule="anomaly", window=window)
    readings = _rows(graph)
    windows = stack_windows(readings, graph.front_end.window)
    write_firmware(quantise(graph, windows[:40]), readings[:3], tmp_path, "ward")
    for part in ("model", "kernels", "weights"):
        compile_c(
            [tmp_path / f"src/ward_{part}.c"],
            tmp_path / f"{part}.o",
            include=tmp_path / "src",
            flags=("-c", "-fno-pie"),
        )
        symbols = run_command(["nm", "-g", str(tmp_path / f"{part}.o")], "list symbols")
        defined = re.findall(r"^[0-9a-f]+ ([A-Z]) (\S+)$", symbols, re.MULTILINE)
        assert defined
        assert all(name.startswith("ward_") for _, name in defined)
        every = run_command(["nm", str(tmp_path / f"{part}.o")], "list symbols")
        assert not re.findall(r" [bBdDcC] ", every)
        used = re.findall(r" U (\S+)", symbols)
        assert {name for name in used if not name.startswith("ward_")} <= {
            "memcpy",
            "memmove",
            "memset",
        }


def test_bad_readings_give_a_status_and_leave_the_result(
    make_graph, write_firmware, compiler, tmp_path
):
    graph = make_graph(steps=4)
    readings = _rows(graph)
    usual = readings[:40]
    limits = {"x3": (-100.0, 3.0)}
    write_firmware(quantise(graph, usual, limits=limits), usual[:2], tmp_path)
    checks = [
        ("readings[2] = -INFINITY;", "&workspace, readings, 4u, &result", "INFINITE"),
        ("readings[2] = NAN;", "&workspace, readings, 4u, &result", "MISSING"),
        (
            "readings[2] = 0.0f; readings[3] = 3.0001f;",
            "&workspace, readings, 4u, &result",
            "RANGE",
        ),
        ("readings[3] = -100.00001f;", "&workspace, readings, 4u, &result", "RANGE"),
        ("", "&workspace, readings, 3u, &result", "LENGTH"),
        ("", "&workspace, readings, 0u, &result", "LENGTH"),
        ("", "NULL, readings, 4u, &result", "NULL"),
        ("", "&workspace, NULL, 4u, &result", "NULL"),
        ("", "&workspace, readings, 4u, NULL", "NULL"),
    ]
    steps = [
        f"    {before} if (model_run({arguments}) != MODEL_ERROR_{status}) return {number};\n"
        for number, (before, arguments, status) in enumerate(checks, start=1)
    ]
    main = tmp_path / "main.c"
    main.write_text(
        '#include "model.h"\n#include <math.h>\n#include <stddef.h>\n'
        "int main(void)\n{\n"
        "    static model_workspace workspace;\n"
        "    model_result result = {0};\n"
        "    float readings[MODEL_READINGS] = {0.0f, 1.0f, 2.0f, 3.0f};\n"
        "    int32_t fixed[MODEL_READINGS] = {0, 0, 0, 3 * (1 << MODEL_FRACTION_BITS_X3)};\n"
        "    result.head_0_class = 77u;\n" + "".join(steps) + "    fixed[1] = MODEL_MISSING;\n"
        "    if (model_run_fixed(&workspace, fixed, 4u, &result) != MODEL_ERROR_MISSING)\n"
        "        return 20;\n"
        "    fixed[1] = 0; fixed[3] += 1;\n"
        "    if (model_run_fixed(&workspace, fixed, 4u, &result) != MODEL_ERROR_RANGE) return 21;\n"
        "    if (model_run_fixed(&workspace, fixed, 5u, &result) != MODEL_ERROR_LENGTH)\n"
        "        return 22;\n"
        "    if (model_run_fixed(&workspace, NULL, 4u, &result) != MODEL_ERROR_NULL) return 23;\n"
        "    if (result.head_0_class != 77u) return 24;\n"
        "    readings[3] = 3.0f; fixed[3] -= 1;\n"
        "    if (model_run(&workspace, readings, 4u, &result) != MODEL_OK) return 25;\n"
        "    if (model_run_fixed(&workspace, fixed, 4u, &result) != MODEL_OK) return 26;\n"
        "    return result.head_0_class < MODEL_HEAD_0_CLASSES ? 0 : 27;\n}\n"
    )
    sources = [
        main,
        *(tmp_path / f"src/model_{part}.c" for part in ("model", "kernels", "weights")),
    ]
    program = compile_c(sources, tmp_path / "main", include=tmp_path / "src")
    run_command([str(program)], "run the firmware")


def test_each_device_has_its_window_and_bad_readings_leave_it(
    make_graph, write_firmware, compiler, tmp_path
):
    graph = make_graph(steps=4, channels=2, classes=(3,), window=True)
    readings = _rows(graph)[:12]
    quantised = quantise(graph, stack_windows(readings, 4))
    write_firmware(quantised, readings[:2], tmp_path)
    logits = [answer(quantised, rows).logits[0] for rows in (readings[::2], readings[1::2])]
    numbers = [f"{value!r}f" for value in readings.ravel().tolist()]
    wanted = [str(value) for pair in zip(*logits, strict=True) for row in pair for value in row]
    main = tmp_path / "main.c"
    main.write_text(
        '#include "model.h"\n#include <math.h>\n#include <stddef.h>\n#include <string.h>\n'
        f"static const float rows[12][MODEL_READINGS] = {{{', '.join(numbers)}}};\n"
        f"static const int16_t wanted[12][3] = {{{', '.join(wanted)}}};\n"
        "int main(void)\n{\n"
        "    static model_workspace workspace;\n"
        "    static model_state states[2]; /* zeros are a fresh state */\n"
        "    const float bad[2][2] = {{0.0f, NAN}, {INFINITY, 0.0f}};\n"
        "    model_result result, before;\n"
        "    model_state kept;\n"
        "    model_status status;\n"
        "    int i, round;\n"
        "    for (round = 0; round < 2; ++round) {\n"
        "        for (i = 0; i < 12; ++i) {\n"
        "            model_state *state = &states[i % 2];\n"
        "            const uint16_t rank = (uint16_t)(i / 2 + 1);\n"
        "            if (model_run(&workspace, state, rows[i], 2u, &result)) return 1;\n"
        "            if (memcmp(result.head_0_logit, wanted[i], sizeof wanted[i])) return 2;\n"
        "            if (state->filled != (rank < MODEL_WINDOW ? rank : MODEL_WINDOW)) return 3;\n"
        "            memcpy(&kept, state, sizeof kept);\n"
        "            memcpy(&before, &result, sizeof before);\n"
        "            status = model_run(&workspace, state, bad[0], 2u, &result);\n"
        "            if (status != MODEL_ERROR_MISSING) return 4;\n"
        "            status = model_run(&workspace, state, bad[1], 2u, &result);\n"
        "            if (status != MODEL_ERROR_INFINITE) return 5;\n"
        "            if (memcmp(&kept, state, sizeof kept)) return 6;\n"
        "            if (memcmp(&before, &result, sizeof before)) return 7;\n"
        "        }\n"
        "        model_state_init(&states[0]);\n"
        "        model_state_init(&states[1]);\n"
        "    }\n"
        "    model_state_init(NULL);\n"
        "    if (model_run(&workspace, NULL, rows[0], 2u, &result) != MODEL_ERROR_NULL) return 8;\n"
        "    memset(&states[0], 0x5A, sizeof states[0]);\n"
        "    if (model_run(&workspace, &states[0], rows[0], 2u, &result) != MODEL_ERROR_STATE)\n"
        "        return 9;\n"
        "    return sizeof states[0] == MODEL_STATE_BYTES ? 0 : 10;\n}\n"
    )
    sources = [
        main,
        *(tmp_path / f"src/model_{part}.c" for part in ("model", "kernels", "weights")),
    ]
    flags = ("-Wno-missing-braces", "-fsanitize=address,undefined", "-g")
    program = compile_c(sources, tmp_path / "main", include=tmp_path / "src", flags=flags)
    run_command([str(program)], "run the firmware")


def test_names_that_would_break_c_are_made_safe(make_graph, run_firmware, tmp_path):
    graph = make_graph(steps=6, classes=(2, 2, 2), rule="anomaly")
    names = ("a */ int x;", "a /* b", "??/", "é\n#error", "while", "WHILE\\")
    columns = tuple(
        replace(column, name=name)
        for column, name in zip(graph.front_end.columns, names, strict=True)
    )
    path = graph.paths[0]
    heads = tuple(
        replace(head, name=name, classes=("*/", last))
        for head, name, last in zip(
            path.heads, ("int", "Int */", "1st"), ("2_double\\", "double", "a-b"), strict=True
        )
    )
    graph = replace(
        graph,
        front_end=replace(graph.front_end, readings=names, columns=columns),
        paths=(replace(path, heads=heads),),
    )
    readings = _rows(graph)
    quantised = quantise(graph, readings[:40])
    got = run_firmware(quantised, readings, tmp_path)
    np.testing.assert_array_equal(got, expected_answers(answer(quantised, readings)))


def test_output_depends_on_nothing_but_the_graph(make_graph, write_firmware, tmp_path):
    texts = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        graph = make_graph(3, rule="anomaly")
        readings = _rows(graph)
        write_firmware(quantise(graph, readings[:40]), readings[:3], folder)
        files = (path for path in folder.rglob("*") if path.is_file())
        texts.append({path.name: path.read_text() for path in files})
    assert texts[0] == texts[1]
    assert not any("double" in text for name, text in texts[0].items() if name.endswith(".c"))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_arena_keeps_living_tensors_apart(make_graph, shape):
    graph = make_graph(**shape)
    windows = stack_windows(_rows(graph), graph.front_end.window)
    quantised = quantise(graph, windows[:40])
    offsets, size = plan_arena(quantised)
    elsewhere = {head.tensor for head in quantised.heads}
    if graph.front_end.window > 1:
        elsewhere.add(0)
    owner = np.full(size, -1)

    def claim(index):
        if index in elsewhere:
            return
        tensor = quantised.tensors[index]
        owner[offsets[index] : offsets[index] + tensor.storage] = index

    def holds(index):
        if index in elsewhere:
            return True
        tensor = quantised.tensors[index]
        return (owner[offsets[index] : offsets[index] + tensor.storage] == index).all()

    claim(0)
    for operation in quantised.operations:
        claim(operation.target)
        assert all(holds(source) for source in sources_of(operation))


def test_two_models_have_no_file_of_the_library_in_common(make_graph):
    graph = make_graph()
    quantised = quantise(graph, _rows(graph)[:40])
    answers = answer(quantised, _rows(graph)[:1])
    vectors = GoldenVectors(_rows(graph)[:1], answers.logits, answers.probabilities, None)
    one, two = (set(render_firmware(quantised, prefix, vectors)) for prefix in ("one", "two"))
    assert {"src/one.h", "src/one_model.c", "src/one_selftest.h", "README.md"} <= one
    assert not any(name.startswith(("src/", "selftest/")) for name in one & two)
