import os
import shutil

import numpy as np
import pytest

from firmware_export._counting import count_stretches
from firmware_export._targets import HOST, RUNTIME, TARGETS
from firmware_export._toolchain import compile_c

COUNTER = (
    '#include "runtime.h"\n'
    "static volatile int32_t sink;\n"
    "int main(void)\n{\n"
    "    int32_t rounds, i, last, ticks[2];\n"
    "    if (runtime_open()) return 2;\n"
    "    while (runtime_read(&rounds, sizeof rounds) == 0) {\n"
    "        last = (int32_t)runtime_ticks();\n"
    "        for (i = 0; i < rounds; ++i) sink = i;\n"
    "        ticks[0] = (int32_t)(runtime_ticks() - (uint32_t)last);\n"
    "        last = (int32_t)runtime_ticks();\n"
    "        for (i = 0; i < 3 * rounds; ++i) sink = i;\n"
    "        ticks[1] = (int32_t)(runtime_ticks() - (uint32_t)last);\n"
    "        last = (int32_t)runtime_ticks();\n"
    "        if (runtime_write(ticks, sizeof ticks)) return 3;\n"
    "    }\n"
    "    return 0;\n}\n"
)


def _count(folder, target, rounds, rows):
    main = folder / "main.c"
    main.write_text(COUNTER)
    program = compile_c(
        [main, RUNTIME / f"{target.name}.c"], folder / "main", include=RUNTIME, target=target
    )
    readings = np.full((rows, 1), rounds, dtype=np.int32).view(np.float32)
    return count_stretches(program, readings, folder, target)


def test_loops_take_their_instructions(tmp_path, emulated):
    short, long = _count(tmp_path, emulated, 1000, rows=40)
    error = emulated.instructions_per_tick / 2
    per_round = (long - short) / 2000
    assert 2 < per_round < 8
    assert per_round == pytest.approx(round(per_round), abs=(error + 10) / 2000)
    assert short == pytest.approx(1000 * per_round, abs=error + 20)


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "host"])
def test_counter_may_wrap_around(tmp_path, monkeypatch, name):
    target = TARGETS[name]
    ticks = np.array([[9, 9], [7, 7 - 2**target.tick_bits]]).astype(np.int32)
    monkeypatch.setattr("firmware_export._counting.run_rows", lambda *_, **__: ticks)
    counts = count_stretches(tmp_path, np.zeros((1, 1), dtype=np.float32), tmp_path, target)
    assert counts.tolist() == [7 * target.instructions_per_tick] * 2


def test_this_machine_is_counted_from_outside(tmp_path, compiler):
    if shutil.which("valgrind") is None:
        assert os.environ.get("SKDUALCNN_TOOLS") != "required"
        pytest.skip("valgrind is not installed (on Debian: apt install valgrind)")
    more = _count(tmp_path, HOST, 2000, rows=3)
    short, long = _count(tmp_path, HOST, 1000, rows=2)
    per_round = (long - short) / 2000
    assert more[0] == short + 1000 * per_round
    assert per_round == round(per_round)
    assert short == pytest.approx(1000 * per_round, abs=40)
