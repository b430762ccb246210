import pytest

from firmware_export._counting import InstructionCount
from firmware_export._latency import CHIPS, estimate_latencies, estimate_latency
from firmware_export._target_cost import TargetCost

ESP32 = CHIPS[0]


def test_time_is_instructions_over_the_clock_and_lines_of_flash():
    one = estimate_latency(ESP32, 240_000, 64_000, "QIO")
    assert one.arithmetic_ms == pytest.approx(1.0)
    # 2,000 lines of 32 bytes: 18 cycles to start, 64 for the bytes, at 80 MHz.
    assert one.flash_ms == pytest.approx(2000 * 82 / 80e3)
    assert one.total_ms == one.arithmetic_ms + one.flash_ms
    assert one.energy_mj == pytest.approx(one.total_ms * 3.3 * ESP32.current_a)
    assert estimate_latency(ESP32, 240_000, 64_000, "DIO").flash_ms > one.flash_ms


def test_what_fits_the_cache_does_not_wait():
    assert estimate_latency(ESP32, 1000, ESP32.cache_bytes, "DIO").flash_ms == 0
    assert estimate_latency(ESP32, 1000, ESP32.cache_bytes + 1, "DIO").flash_ms > 0


def test_counts_come_before_guesses():
    count = InstructionCount(call=480_000, inputs=0, layers={}, outputs=0)
    targets = {"lx106": {"O2": TargetCost(2000, 5000, 100, count)}}
    estimates = list(estimate_latencies(targets, 60_000, {"constants": 5000}))
    by_chip = {one.chip: one for one in estimates}
    assert len(estimates) == 2 * len(CHIPS)
    assert by_chip["ESP32"].counted
    assert by_chip["ESP32"].arithmetic_ms == pytest.approx(2.0)
    assert not by_chip["ESP32-C3"].counted
    assert by_chip["ESP32-C3"].arithmetic_ms == pytest.approx(240_000 / 160e3)
