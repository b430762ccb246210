"""A patient of the simulated ward: what is fixed for one, drawn once for all streams."""

from dataclasses import dataclass

import numpy as np

from skdualcnn.datasets._ward_episodes import (
    Episode,
    draw_attacks,
    draw_benign,
    draw_emergencies,
)

DEVICE_TYPES = ("bedside", "wearable", "hub")


@dataclass(frozen=True)
class Patient:
    """What all streams of one patient share.

    Attributes
    ----------
    number : int
        The group.
    seed : int
        Each stream draws its own noise from this and its name.
    duration : float
        Seconds simulated.
    midnight : float
        Seconds from the last midnight to the start.
    device_type : str
        Kind of monitor: "bedside", "wearable" or "hub".
    emergencies, attacks : tuple of Episode
        What the labels say.
    visits, exertions, transfers, bad_links : tuple of Episode
        What is harmless and looks a little like it: staff at the bed, exertion or pain,
        bulk transfers, a poor radio link.
    """

    number: int
    seed: int
    duration: float
    midnight: float
    device_type: str
    emergencies: tuple[Episode, ...]
    attacks: tuple[Episode, ...]
    visits: tuple[Episode, ...]
    exertions: tuple[Episode, ...]
    transfers: tuple[Episode, ...]
    bad_links: tuple[Episode, ...]

    def random(self, stream: int) -> np.random.Generator:
        """Give the generator of one stream, independent of the others'."""
        return np.random.default_rng([self.seed, stream])

    def attacks_of(self, label: str) -> tuple[Episode, ...]:
        """Give the attacks of one kind."""
        return tuple(one for one in self.attacks if one.label == label)


def draw_patient(
    number: int,
    seed: int,
    *,
    duration: float,
    midnight: float,
    emergencies_per_day: float,
    attacks_per_day: float,
) -> Patient:
    """Draw a patient and all that will happen.

    Parameters
    ----------
    number : int
        The group.
    seed : int
        Seed of everything about this patient.
    duration : float
        Seconds simulated.
    midnight : float
        Seconds from the last midnight to the start.
    emergencies_per_day, attacks_per_day : float
        Expected numbers in 24 hours.

    Returns
    -------
    Patient
        The same for the same arguments.
    """
    rng = np.random.default_rng([seed, 0])
    emergencies = draw_emergencies(rng, duration, emergencies_per_day)
    return Patient(
        number=number,
        seed=seed,
        duration=duration,
        midnight=midnight,
        device_type=str(rng.choice(DEVICE_TYPES, p=[0.5, 0.3, 0.2])),
        emergencies=emergencies,
        attacks=draw_attacks(rng, duration, attacks_per_day, emergencies),
        visits=draw_benign(rng, duration, 0.7, (180.0, 900.0)),
        exertions=draw_benign(rng, duration, 0.35, (180.0, 1200.0)),
        transfers=draw_benign(rng, duration, 0.4, (60.0, 420.0)),
        bad_links=draw_benign(rng, duration, 0.3, (60.0, 600.0)),
    )
