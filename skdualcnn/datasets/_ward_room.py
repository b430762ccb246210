"""The room of a patient of the simulated ward: climate, light and noise."""

import numpy as np

from skdualcnn.datasets._ward_episodes import (
    FloatArray,
    autocorrelated_noise,
    covered,
    daily_wave,
    draw_benign,
    total_shape,
)
from skdualcnn.datasets._ward_patient import Patient

PERIOD = 60.0
STREAM = 2


def simulate_room(patient: Patient) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Simulate what the room sensor reports every 60 seconds.

    Staff come and alarms sound in an emergency, and come at other times as well; a
    spoofed sensor reports another room.

    Parameters
    ----------
    patient : Patient
        Whose room.

    Returns
    -------
    time : ndarray of shape (n,)
        True seconds since the start of the reports that arrive.
    values : dict of str to ndarray of shape (n,)
        A column each.
    """
    rng = patient.random(STREAM)
    time = np.arange(PERIOD, patient.duration + PERIOD, PERIOD)
    clock = time + patient.midnight
    visit = total_shape(patient.visits, time, 30.0, 60.0)
    alarm = total_shape(patient.emergencies, time, 240.0, 240.0)
    airing = total_shape(draw_benign(rng, patient.duration, 0.08, (600.0, 1800.0)), time, 600, 900)

    temperature = (
        rng.normal(22.8, 0.7)
        + 0.6 * daily_wave(clock, 15.0)
        + autocorrelated_noise(rng, time, 0.3, 3600.0)
        - 2.0 * airing
    )
    humidity = (
        rng.normal(45.0, 5.0)
        - 1.5 * (temperature - 22.8)
        + 4.0 * airing
        + autocorrelated_noise(rng, time, 2.0, 5400.0)
    )
    daylight = np.maximum(daily_wave(clock, 13.0), 0.0)
    light = (
        4.0
        + rng.uniform(150.0, 400.0) * daylight * np.exp(autocorrelated_noise(rng, time, 0.3, 1800))
        + 180.0 * np.minimum(visit + 0.8 * alarm, 1.2)
    )
    noise = (
        rng.normal(43.0, 2.0)
        + 4.0 * daily_wave(clock, 14.0)
        + 7.0 * np.minimum(visit, 1.5)
        + 6.0 * alarm * rng.uniform(0.2, 1.0)
        + autocorrelated_noise(rng, time, 2.2, 300.0)
    )
    values = {
        "room_temperature": temperature,
        "room_humidity": humidity,
        "room_light": light,
        "room_noise": noise,
    }
    for one in patient.attacks_of("spoofing"):
        if one.variant == "room":
            theirs = one.covers(time) & (rng.random(len(time)) < 0.75)
            shift = one.severity * rng.choice([-1.0, 1.0])
            for name, size in (
                ("room_temperature", 2.2),
                ("room_humidity", 9.0),
                ("room_noise", 5.0),
            ):
                values[name] = np.where(theirs, values[name] + size * shift, values[name])
    values = {
        "room_temperature": values["room_temperature"].round(1),
        "room_humidity": values["room_humidity"].clip(15.0, 90.0).round(0),
        "room_light": values["room_light"].round(0),
        "room_noise": values["room_noise"].clip(25.0, 100.0).round(1),
    }
    lost = covered(draw_benign(rng, patient.duration, 0.06, (300.0, 1500.0)), time)
    lost |= rng.random(len(time)) < 0.01
    return time[~lost], {name: column[~lost] for name, column in values.items()}
