"""Vital signs of the simulated ward: the body, the sensors, and what attackers report.

Levels and courses follow the literature only roughly, so that classes differ in the
right direction and overlap as they do at the bedside:

- alarm ranges of vital signs, and a lower oxygen target in chronic respiratory
  failure: Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017;
- sepsis with fast breathing and low pressure: M. Singer et al., The Third International
  Consensus Definitions for Sepsis and Septic Shock (Sepsis-3), JAMA 315, 801, 2016;
- heart rate rising with fever by 8.5 beats/min a degree: J. Karjalainen, M. Viitasalo,
  Fever and cardiac rhythm, Arch Intern Med 146, 1169, 1986;
- normal temperature 36.8 degrees Celsius: P. A. Mackowiak et al., JAMA 268, 1578, 1992,
  and its daily rhythm: R. Refinetti, M. Menaker, Physiol Behav 51, 613, 1992;
- daily rhythm of heart rate: G. Vandewalle et al., J Sleep Res 16, 148, 2007, and of
  blood pressure: M. W. Millar-Craig et al., Lancet 311, 795, 1978;
- fast irregular rhythm in atrial fibrillation: G. Hindricks et al., 2020 ESC
  Guidelines, Eur Heart J 42, 373, 2021.
"""

import numpy as np

from skdualcnn.datasets._ward_episodes import (
    Episode,
    FloatArray,
    autocorrelated_noise,
    covered,
    daily_wave,
    draw_benign,
    total_shape,
)
from skdualcnn.datasets._ward_patient import Patient

PERIOD = 15.0
CUFF_PERIOD = 300.0
STREAM = 1

# Daily amplitude with the hour of its peak, and the noise with its memory in seconds.
DAILY = {
    "heart_rate": (5.0, 15.0),
    "spo2": (0.3, 14.0),
    "respiratory_rate": (0.7, 16.0),
    "systolic_pressure": (6.0, 16.0),
    "diastolic_pressure": (4.0, 16.0),
    "body_temperature": (0.3, 17.5),
}
NOISE = {
    "heart_rate": (4.5, 120.0),
    "spo2": (0.9, 240.0),
    "respiratory_rate": (1.4, 120.0),
    "systolic_pressure": (5.5, 900.0),
    "diastolic_pressure": (4.5, 900.0),
    "body_temperature": (0.14, 2400.0),
}
# Resolution and physical limits of what a monitor shows.
DISPLAY = {
    "heart_rate": (0, 20.0, 260.0),
    "pulse_rate": (0, 20.0, 260.0),
    "spo2": (0, 50.0, 100.0),
    "respiratory_rate": (0, 3.0, 60.0),
    "systolic_pressure": (0, 50.0, 250.0),
    "diastolic_pressure": (0, 25.0, 160.0),
    "body_temperature": (1, 32.0, 42.5),
}
# Change at the plateau of an episode of severity 1.
CHANGES = {
    "hypoxia": {
        "spo2": -10.0,
        "respiratory_rate": 8.0,
        "heart_rate": 15.0,
        "systolic_pressure": 8.0,
        "diastolic_pressure": 4.0,
    },
    "sepsis": {
        "body_temperature": 1.9,
        "heart_rate": 26.0,
        "respiratory_rate": 8.0,
        "systolic_pressure": -26.0,
        "diastolic_pressure": -16.0,
        "spo2": -2.0,
    },
    "cold sepsis": {
        "body_temperature": -1.5,
        "heart_rate": 22.0,
        "respiratory_rate": 8.0,
        "systolic_pressure": -30.0,
        "diastolic_pressure": -18.0,
        "spo2": -2.0,
    },
    "fibrillation": {
        "heart_rate": 54.0,
        "systolic_pressure": -13.0,
        "diastolic_pressure": -4.0,
        "respiratory_rate": 3.0,
    },
    "bradycardia": {
        "heart_rate": -34.0,
        "systolic_pressure": -16.0,
        "diastolic_pressure": -8.0,
    },
}
EXERTION = {
    "heart_rate": 24.0,
    "respiratory_rate": 5.5,
    "systolic_pressure": 14.0,
    "diastolic_pressure": 5.0,
    "spo2": -1.5,
    "body_temperature": 0.15,
}
# Seconds of onset and recovery.
COURSE = {
    "hypoxia": (90.0, 120.0),
    "sepsis": (180.0, 120.0),
    "cold sepsis": (180.0, 120.0),
    "fibrillation": (30.0, 60.0),
    "bradycardia": (30.0, 60.0),
}
IRREGULARITY = 11.0
PULSE_DEFICIT = 13.0


def draw_baseline(rng: np.random.Generator) -> dict[str, float]:
    """Draw a person's usual vital signs, in the units of the columns.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict of str to float
        One value a vital sign.
    """
    systolic = float(np.clip(rng.normal(124.0, 11.0), 100.0, 160.0))
    # In chronic respiratory failure 88 to 92 % is the target, not an emergency (NEWS2).
    chronic = rng.random() < 0.1
    return {
        "heart_rate": float(np.clip(rng.normal(76.0, 8.0), 56.0, 98.0)),
        "spo2": float(rng.uniform(90.0, 92.5) if chronic else np.clip(rng.normal(96.6, 1), 94, 99)),
        "respiratory_rate": float(np.clip(rng.normal(16.0, 2.0), 11.0, 22.0)),
        "systolic_pressure": systolic,
        "diastolic_pressure": 0.4 * systolic + float(rng.normal(27.0, 5.0)),
        "body_temperature": float(np.clip(rng.normal(36.8, 0.2), 36.2, 37.5)),
    }


def simulate_vitals(patient: Patient) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Simulate what the monitor reports every 15 seconds.

    Parameters
    ----------
    patient : Patient
        Whose.

    Returns
    -------
    time : ndarray of shape (n,)
        True seconds since the start of the reports that arrive.
    values : dict of str to ndarray of shape (n,)
        A column each; NaN where a sensor is off.
    """
    rng = patient.random(STREAM)
    time = np.arange(PERIOD, patient.duration + PERIOD, PERIOD)
    values = _body(rng, patient, time)
    values = _sensors(rng, patient, time, values)
    values = _attacked(rng, patient, time, values)
    for name, (decimals, lowest, highest) in DISPLAY.items():
        values[name] = np.round(values[name].clip(lowest, highest), decimals)
    lost = covered(draw_benign(rng, patient.duration, 0.05, (60.0, 480.0)), time)
    flood = total_shape(patient.attacks_of("dos"), time, 20.0, 20.0)
    lost |= rng.random(len(time)) < 0.01 + 0.3 * flood
    return time[~lost], {name: column[~lost] for name, column in values.items()}


def _rhythm(
    rng: np.random.Generator, patient: Patient, time: FloatArray, baseline: dict[str, float]
) -> dict[str, FloatArray]:
    """Add baseline, daily rhythm and noise of a person to whom nothing happens."""
    clock = time + patient.midnight
    values = {}
    for name, level in baseline.items():
        amplitude, peak_hour = DAILY[name]
        scale, memory = NOISE[name]
        values[name] = (
            level
            + amplitude * rng.uniform(0.5, 1.5) * daily_wave(clock, peak_hour + rng.normal(0, 1))
            + autocorrelated_noise(rng, time, scale, memory)
        )
    return values


def _body(rng: np.random.Generator, patient: Patient, time: FloatArray) -> dict[str, FloatArray]:
    """Give the true vital signs: rhythm, exertion and emergencies."""
    values = _rhythm(rng, patient, time, draw_baseline(rng))
    for name, change in EXERTION.items():
        values[name] += change * total_shape(patient.exertions, time, 60.0, 240.0)
    values["heart_rate"] += 5.0 * total_shape(patient.visits, time, 60.0, 120.0)
    irregular = np.zeros(len(time))
    for one in patient.emergencies:
        course = one.severity * one.shape(time, *COURSE[one.variant])
        for name, change in CHANGES[one.variant].items():
            values[name] += change * rng.lognormal(-0.04, 0.28) * course
        if one.variant == "fibrillation":
            irregular += course
    values["heart_rate"] += IRREGULARITY * irregular * rng.standard_normal(len(time))
    # Weak beats in fibrillation are not felt at the finger.
    values["pulse_rate"] = (
        values["heart_rate"] - PULSE_DEFICIT * irregular + rng.normal(0, 1.5, len(time))
    )
    return values


def _sensors(
    rng: np.random.Generator, patient: Patient, time: FloatArray, body: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    """Measure: cuff cycles, motion artefacts, sensors that come off."""
    values = dict(body)
    # A cuff measures every five minutes; in between the monitor repeats the last value.
    cycle = ((time // CUFF_PERIOD) * CUFF_PERIOD / PERIOD).astype(int).clip(0, len(time) - 1)
    for name in ("systolic_pressure", "diastolic_pressure"):
        values[name] = values[name][cycle] + rng.normal(0, 2.5, len(time))[cycle]
    moving = total_shape(patient.exertions, time, 60.0, 60.0)
    motion = rng.random(len(time)) < 0.004 + 0.05 * moving
    values["spo2"] = np.where(
        motion, values["spo2"] - rng.exponential(6, len(time)), values["spo2"]
    )
    values["pulse_rate"] = np.where(
        motion, values["pulse_rate"] + rng.normal(0, 22, len(time)), values["pulse_rate"]
    )
    # A double-counted or a missed complex of the electrocardiogram.
    miscount = rng.random(len(time))
    factor = np.select([miscount < 0.0015, miscount < 0.004], [1.9, 0.55], 1.0)
    values["heart_rate"] = values["heart_rate"] * factor
    values["respiratory_rate"] = values["respiratory_rate"] + rng.normal(0, 0.8, len(time))
    for name, column in values.items():
        off = covered(draw_benign(rng, patient.duration, 0.12, (30.0, 300.0)), time)
        values[name] = np.where(off, np.nan, column)
    return values


def _attacked(
    rng: np.random.Generator, patient: Patient, time: FloatArray, values: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    """Change the reports by tampering and spoofing; the body knows nothing of it."""
    values = dict(values)
    for one in patient.attacks_of("tampering"):
        if one.variant == "masking":
            _mask(rng, one, time, values)
        else:
            _mimic(rng, one, time, values)
    for one in patient.attacks_of("spoofing"):
        if one.variant == "monitor":
            # A second sender under the same name: its reports and the true ones alternate.
            ghost = _rhythm(rng, patient, time, draw_baseline(rng))
            ghost["pulse_rate"] = ghost["heart_rate"] + rng.normal(0, 1.5, len(time))
            theirs = one.covers(time) & (rng.random(len(time)) < 0.5 * one.severity)
            for name, column in ghost.items():
                values[name] = np.where(theirs, column, values[name])
    return values


def _mimic(
    rng: np.random.Generator, attack: Episode, time: FloatArray, values: dict[str, FloatArray]
) -> None:
    """Report an emergency that is none; the attacker forgets some of its signs."""
    course = attack.severity * attack.shape(time, 45.0, 30.0)
    changes = dict(CHANGES[attack.variant])
    leading = max(changes, key=lambda name: abs(changes[name]) / NOISE[name][0])
    if "heart_rate" in changes:
        changes["pulse_rate"] = changes["heart_rate"]
    for name, change in changes.items():
        if name == leading or rng.random() < 0.65:
            values[name] = values[name] + change * rng.lognormal(-0.04, 0.28) * course
    if attack.variant == "fibrillation" and rng.random() < 0.5:
        values["heart_rate"] = values["heart_rate"] + IRREGULARITY * course * rng.standard_normal(
            len(time)
        )


def _mask(
    rng: np.random.Generator, attack: Episode, time: FloatArray, values: dict[str, FloatArray]
) -> None:
    """Report unremarkable values whatever the body does."""
    inside = attack.covers(time)
    usual = draw_baseline(rng)
    usual["pulse_rate"] = usual["heart_rate"]
    for name, level in usual.items():
        if rng.random() < 0.8:
            scale = 0.4 * NOISE["heart_rate" if name == "pulse_rate" else name][0]
            values[name] = np.where(
                inside, level + scale * rng.standard_normal(len(time)), values[name]
            )
