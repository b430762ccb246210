"""When what happens to a patient of the simulated ward, and the shapes it takes in time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

FloatArray = npt.NDArray[np.float64]

EMERGENCIES = ("hypoxia", "sepsis", "arrhythmia")
ATTACKS = ("dos", "spoofing", "tampering", "sql_injection")
# Shortest and longest, in seconds. Real sepsis takes hours: it is compressed, so that a
# ward of a few hours holds some.
EMERGENCY_SECONDS = (20 * 60.0, 60 * 60.0)
ATTACK_SECONDS = (8 * 60.0, 30 * 60.0)
SEVERITY = (0.7, 1.4)
COINCIDENCE = 0.25
SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class Episode:
    """Something that lasts from `start` to `end`, in seconds since the ward's start.

    Attributes
    ----------
    label : str
        Class of the health or cyber head; "" for what is benign.
    variant : str
        How it shows.
    start, end : float
        Seconds since the simulation's start.
    severity : float
        Factor on its effects; 1 is typical.
    """

    label: str
    variant: str
    start: float
    end: float
    severity: float

    def shape(self, time: FloatArray, rise: float, fall: float) -> FloatArray:
        """Give the course from 0 over the plateau of 1 back to 0, within the episode.

        Parameters
        ----------
        time : ndarray of shape (n,)
            Seconds since the simulation's start.
        rise, fall : float
            Seconds of the onset and of the recovery, shortened in a short episode.

        Returns
        -------
        ndarray of shape (n,)
            Between 0 and 1.
        """
        longest = max((self.end - self.start) / 2, 1e-9)
        rise, fall = min(rise, longest), min(fall, longest)
        ramp = np.minimum((time - self.start) / rise, (self.end - time) / fall).clip(0.0, 1.0)
        return ramp * ramp * (3.0 - 2.0 * ramp)

    def covers(self, time: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell which times lie within the episode."""
        return (self.start <= time) & (time < self.end)


def autocorrelated_noise(
    rng: np.random.Generator, time: FloatArray, scale: float, memory: float
) -> FloatArray:
    """Draw first-order autoregressive noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    time : ndarray of shape (n,)
        Evenly spaced seconds.
    scale : float
        Standard deviation.
    memory : float
        Seconds after which the correlation has fallen to 1/e.

    Returns
    -------
    ndarray of shape (n,)
        Stationary from the first value on.
    """
    white = rng.standard_normal(len(time))
    if len(time) < 2:
        return scale * white
    decay = float(np.exp(-(time[1] - time[0]) / memory))
    white[1:] *= np.sqrt(1.0 - decay**2)
    return scale * np.asarray(lfilter([1.0], [1.0, -decay], white), dtype=np.float64)


def daily_wave(time_of_day: FloatArray, peak_hour: float) -> FloatArray:
    """Give a cosine of one day, 1 at the peak; `time_of_day` in seconds since midnight."""
    return np.cos(2 * np.pi * (time_of_day - peak_hour * 3600.0) / SECONDS_PER_DAY)


def draw_emergencies(
    rng: np.random.Generator, duration: float, per_day: float
) -> tuple[Episode, ...]:
    """Draw the patient's emergencies: at least one unless `per_day` is 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    duration : float
        Seconds simulated.
    per_day : float
        Expected number in 24 hours.

    Returns
    -------
    tuple of Episode
        In the order of time, without overlap; kinds take turns in random order.
    """
    episodes = []
    for label, first, last in _slots(rng, duration, per_day, EMERGENCIES):
        length = min(rng.uniform(*EMERGENCY_SECONDS), 0.7 * (last - first))
        start = rng.uniform(first, last - length)
        variant = label
        if label == "sepsis":
            # One in five is cold instead of feverish.
            variant = "cold sepsis" if rng.random() < 0.2 else "sepsis"
        elif label == "arrhythmia":
            variant = "bradycardia" if rng.random() < 0.4 else "fibrillation"
        episodes.append(Episode(label, variant, start, start + length, rng.uniform(*SEVERITY)))
    return tuple(episodes)


def draw_attacks(
    rng: np.random.Generator,
    duration: float,
    per_day: float,
    emergencies: Sequence[Episode],
) -> tuple[Episode, ...]:
    """Draw the attacks on the patient's devices, some of them during an emergency.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    duration : float
        Seconds simulated.
    per_day : float
        Expected number in 24 hours.
    emergencies : sequence of Episode
        The patient's emergencies.

    Returns
    -------
    tuple of Episode
        In the order of time, without overlap; kinds take turns in random order.
    """
    attacks = []
    for label, first, last in _slots(rng, duration, per_day, ATTACKS):
        length = min(rng.uniform(*ATTACK_SECONDS), 0.7 * (last - first))
        start = rng.uniform(first, last - length)
        meeting = [one for one in emergencies if one.start < last and one.end > first]
        if meeting and rng.random() < COINCIDENCE:
            one = meeting[int(rng.integers(len(meeting)))]
            middle = rng.uniform(one.start, one.end)
            start = float(np.clip(middle - length / 2, first, last - length))
        end = start + length
        during = any(one.start < end and one.end > start for one in emergencies)
        variant = _attack_variant(rng, label, during_emergency=during)
        attacks.append(Episode(label, variant, start, end, rng.uniform(*SEVERITY)))
    return tuple(attacks)


def _attack_variant(rng: np.random.Generator, label: str, *, during_emergency: bool) -> str:
    if label == "dos":
        # Low-rate denial of service starves connections without a flood.
        return "slow" if rng.random() < 0.3 else "flood"
    if label == "spoofing":
        return "room" if rng.random() < 0.3 else "monitor"
    if label == "tampering":
        if during_emergency and rng.random() < 0.4:
            return "masking"
        return str(rng.choice(["hypoxia", "sepsis", "fibrillation", "bradycardia"]))
    return "login form" if rng.random() < 0.3 else "topic"


def _slots(
    rng: np.random.Generator, duration: float, per_day: float, labels: Sequence[str]
) -> list[tuple[str, float, float]]:
    """Cut the time into equal slots, one an episode, and deal the kinds out to them."""
    if per_day == 0:
        return []
    n_slots = max(1, int(rng.poisson(per_day * duration / SECONDS_PER_DAY)))
    deals = [rng.permutation(labels) for _ in range(-(-n_slots // len(labels)))]
    kinds = np.concatenate(deals)[:n_slots]
    edges = np.linspace(0.0, duration, n_slots + 1)
    return [(str(kinds[i]), float(edges[i]), float(edges[i + 1])) for i in range(n_slots)]


def draw_benign(
    rng: np.random.Generator, duration: float, per_hour: float, seconds: tuple[float, float]
) -> tuple[Episode, ...]:
    """Draw harmless events at random times: visits, exercise, gaps, bad radio links.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    duration : float
        Seconds simulated.
    per_hour : float
        Expected number in an hour.
    seconds : tuple of float
        Shortest and longest.

    Returns
    -------
    tuple of Episode
        They may overlap.
    """
    n_events = int(rng.poisson(per_hour * duration / 3600.0))
    starts = rng.uniform(0.0, duration, n_events)
    lengths = rng.uniform(*seconds, n_events)
    severities = rng.uniform(0.3, 1.2, n_events)
    return tuple(
        Episode("", "", float(start), float(start + length), float(severity))
        for start, length, severity in zip(starts, lengths, severities, strict=True)
    )


def total_shape(
    episodes: Sequence[Episode], time: FloatArray, rise: float, fall: float
) -> FloatArray:
    """Sum the courses of several episodes, each times its severity."""
    total = np.zeros(len(time))
    for one in episodes:
        total += one.severity * one.shape(time, rise, fall)
    return total


def covered(episodes: Sequence[Episode], time: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which times lie within any of the episodes."""
    inside = np.zeros(len(time), dtype=bool)
    for one in episodes:
        inside |= one.covers(time)
    return inside


def labels_at(episodes: Sequence[Episode], time: FloatArray) -> npt.NDArray[np.object_]:
    """Give the label in force at each time, "normal" outside all episodes."""
    labels = np.full(len(time), "normal", dtype=object)
    for one in episodes:
        labels[one.covers(time)] = one.label
    return labels
