"""How long a call takes and what it costs in energy on real chips: an estimate, with its method."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from firmware_export._target_cost import TargetCost

FlashMode = Literal["QIO", "DIO"]

INSTRUCTIONS_PER_MULTIPLY_ADD = 4.0
"""Stands in for a count that was not made: too few where layers are small."""

FLASH_CLOCK_HZ = 80e6
FLASH_LANES = {"QIO": 4, "DIO": 2}
READ_OVERHEAD_CYCLES = {"QIO": 18, "DIO": 19}
"""Flash clock cycles of command, address and dummy bits before a line's first byte."""
SUPPLY_VOLTS = 3.3


@dataclass(frozen=True)
class Chip:
    """What the estimate needs to know about a microcontroller.

    Attributes
    ----------
    name : str
    core : str
        Emulated target whose instruction count stands in for the chip's.
    clock_hz : float
    cache_bytes, line_bytes : int
        Cache between flash and core.
    current_a : float
        Typical supply current of one running core, radio off.
    source : str
        Where clock, cache and current are from.
    """

    name: str
    core: str
    clock_hz: float
    cache_bytes: int
    line_bytes: int
    current_a: float
    source: str


CHIPS = (
    Chip(
        "ESP32",
        "lx106",
        240e6,
        32768,
        32,
        0.049,
        "ESP32 Series Datasheet v5.2, table 4-2, modem-sleep of dual-core chips at 240 MHz, 30 to "
        "68 mA: middle of the range; 32 KB cache per core",
    ),
    Chip(
        "ESP32-S3",
        "lx106",
        240e6,
        32768,
        32,
        0.0512,
        "ESP32-S3-WROOM-1 Datasheet v1.8, table 6-6, from the chip's, modem-sleep at 240 MHz, one "
        "core running 32-bit data access, peripheral clocks off, 51.2 mA; 32 KB data cache, the "
        "default",
    ),
    Chip(
        "ESP32-C3",
        "rv32imc",
        160e6,
        16384,
        32,
        0.023,
        "ESP32-C3 Series Datasheet v1.4, table 18, modem-sleep at 160 MHz, CPU running, peripheral "
        "clocks off, 23 mA; 16 KB cache",
    ),
)

METHOD = (
    "Arithmetic: instructions counted on the emulated core at -O2 (LX106 stands in for LX6 and "
    "LX7), one a cycle, which is the least they can take; where they were not counted, four for "
    "each multiply-add, which leaves out readings and probabilities, so that a small network "
    "takes several times as many. Flash: constants and code that do not fit the "
    "cache are read anew in every call, a line at a time, without prefetch, from flash clocked at "
    "80 MHz; what fits is read once and not counted. Energy: supply voltage 3.3 V times the "
    "typical current of one running core times both terms; for flash in use the datasheets of S3 "
    "and C3 give 10 mA more (DIO, 80 MHz), which is not counted. Estimates, not measurements."
)


@dataclass(frozen=True)
class LatencyEstimate:
    """Estimated cost of one call on one chip.

    Attributes
    ----------
    chip : str
    flash_mode : {"QIO", "DIO"}
    counted : bool
        Whether the instructions were counted, not guessed from the multiply-adds.
    arithmetic_ms : float
        Instructions over the clock.
    flash_ms : float
        Waiting for lines of flash; 0 if everything stays in the cache.
    energy_mj : float
        Millijoules from the supply.
    """

    chip: str
    flash_mode: FlashMode
    counted: bool
    arithmetic_ms: float
    flash_ms: float
    energy_mj: float

    @property
    def total_ms(self) -> float:
        """Both terms together."""
        return self.arithmetic_ms + self.flash_ms


def estimate_latencies(
    targets: Mapping[str, Mapping[str, TargetCost]],
    multiply_adds: int,
    flash_bytes: Mapping[str, int],
) -> Iterator[LatencyEstimate]:
    """Yield the estimate for each chip and flash mode.

    Parameters
    ----------
    targets : mapping of str to mapping of str to TargetCost
        What was measured, by target and level; may be empty.
    multiply_adds : int
    flash_bytes : mapping of str to int
        "constants" and perhaps "code" as this machine has it, for chips whose compiler is
        missing.
    """
    for chip in CHIPS:
        cost = targets.get(chip.core, {}).get("O2")
        size = sum(flash_bytes.values())
        if cost is not None:
            size = cost.code_bytes + cost.constant_bytes
        counted = cost is not None and cost.instructions is not None
        instructions = INSTRUCTIONS_PER_MULTIPLY_ADD * multiply_adds
        if cost is not None and cost.instructions is not None:
            instructions = cost.instructions.call
        for mode in get_args(FlashMode):
            yield estimate_latency(chip, instructions, size, mode, counted=counted)


def estimate_latency(
    chip: Chip,
    instructions: float,
    flash_bytes: int,
    flash_mode: FlashMode,
    *,
    counted: bool = True,
) -> LatencyEstimate:
    """Estimate the time and energy of one call; :data:`METHOD` says how.

    Parameters
    ----------
    chip : Chip
    instructions : float
        Of one call, on `chip.core`.
    flash_bytes : int
        Constants and code that a call reads.
    flash_mode : {"QIO", "DIO"}
        Lanes between chip and flash: four or two.
    counted : bool, default=True
        Whether the instructions were counted.

    Examples
    --------
    >>> paper = estimate_latency(CHIPS[0], 1_180_000, 284_000, "QIO")
    >>> f"{paper.arithmetic_ms:.1f} ms + {paper.flash_ms:.1f} ms"
    '4.9 ms + 9.1 ms'
    >>> estimate_latency(CHIPS[0], 100_000, 30_000, "QIO").flash_ms
    0.0
    """
    arithmetic = instructions / chip.clock_hz
    fits = flash_bytes <= chip.cache_bytes
    lines = 0 if fits else -(-flash_bytes // chip.line_bytes)
    cycles = READ_OVERHEAD_CYCLES[flash_mode] + 8 * chip.line_bytes / FLASH_LANES[flash_mode]
    flash = lines * cycles / FLASH_CLOCK_HZ
    energy = (arithmetic + flash) * SUPPLY_VOLTS * chip.current_a
    return LatencyEstimate(
        chip.name, flash_mode, counted, arithmetic * 1e3, flash * 1e3, energy * 1e3
    )
