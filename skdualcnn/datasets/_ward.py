"""The simulated ward: three streams of each patient, aligned and labelled."""

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_random_state

from skdualcnn.datasets import _ward_room, _ward_traffic, _ward_vitals
from skdualcnn.datasets._bunch import make_dataset, make_target
from skdualcnn.datasets._ward_episodes import FloatArray, labels_at
from skdualcnn.datasets._ward_patient import Patient, draw_patient

START = pd.Timestamp("2024-01-01 08:00:00")
MIDNIGHT = float((START - START.normalize()).total_seconds())
CLOCK_STREAM = 4

# Simulator of each modality and the age in seconds beyond which a report no longer counts.
_STREAMS: dict[str, tuple[Callable[[Patient], tuple[FloatArray, dict[str, Any]]], float]] = {
    "patient": (_ward_vitals.simulate_vitals, 4 * _ward_vitals.PERIOD),
    "environment": (_ward_room.simulate_room, 4 * _ward_room.PERIOD),
    "network": (_ward_traffic.simulate_traffic, 4 * _ward_traffic.PERIOD),
}
_CATEGORICAL = ("protocol", "device_type")
DESCR = """Simulated ward

Nothing here was measured: patients, room and network traffic are simulated, and so are
emergencies and attacks. Vital signs have personal levels, a daily rhythm, noise with
memory, sensor gaps and artefacts. Emergencies are hypoxia, sepsis (its course compressed
to less than an hour) and arrhythmia. Attacks are denial of service (dos: flood or slow),
spoofing, tampering and SQL injection. Tampering changes the reported vital signs, so that
an attack can look like an emergency or hide one; the health label says what the body
does. An emergency brings alarm messages and reports at a higher rate, so that it can look
like an attack. Some attacks fall into an emergency: both labels are then abnormal.

Traps. The classes overlap on purpose: short pauses of an attack, mild episodes, visits,
exertion, bulk transfers and poor radio links make a perfect score impossible. Rows of one
patient resemble each other: hold out whole patients. A result on simulated data shows
that a program works, and nothing about patients.
"""


def make_ward(
    n_patients: int = 20,
    hours: float = 12.0,
    *,
    freq: str | float | pd.Timedelta = "1min",
    emergencies_per_day: float = 6.0,
    attacks_per_day: float = 10.0,
    aligned: bool = True,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = False,
) -> Any:
    """Simulate a ward: vital signs, room and network traffic, emergencies and attacks.

    Each patient has three streams with their own clocks: the monitor reports every 15 s,
    the room sensor every 60 s and the gateway counts traffic over windows of 30 s. Clocks
    are off by up to two seconds, reports jitter, get lost and have gaps.

    Parameters
    ----------
    n_patients : int, default=20
        Number of patients, at least 1. The first patients are the same whatever the
        number.
    hours : float, default=12.0
        Length of the simulation, from 8 o'clock in the morning.
    freq : str, float or pandas.Timedelta, default="1min"
        Step of the rows: a time for pandas, or a number of seconds.
    emergencies_per_day : float, default=6.0
        Expected emergencies of a patient in 24 hours. Unless it is 0, each patient has
        at least one.
    attacks_per_day : float, default=10.0
        Expected attacks on a patient's devices in 24 hours. Unless it is 0, each patient
        has at least one.
    aligned : bool, default=True
        One row a step with the latest report of each stream. With False one row a
        report, as they arrive, the other streams' columns missing.
    random_state : int, RandomState instance or None, default=None
        Makes the result reproducible.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    Bunch or (DataFrame, DataFrame)
        A Bunch of the following fields, or its first two.

        data : DataFrame of shape (n, 26)
            Patient: ``heart_rate`` and ``pulse_rate`` (1/min, from the electrocardiogram
            and from the finger), ``spo2`` (%), ``respiratory_rate`` (1/min),
            ``systolic_pressure``, ``diastolic_pressure`` (mmHg), ``body_temperature``
            (degrees Celsius). Environment: ``room_temperature`` (degrees Celsius),
            ``room_humidity`` (%), ``room_light`` (lx), ``room_noise`` (dB). Network:
            ``packet_rate`` (1/s), ``byte_rate`` (bytes/s), ``payload_length`` (bytes),
            ``interarrival_mean``, ``interarrival_std`` (ms), ``publish_share``,
            ``distinct_topics``, ``error_count``, ``retransmission_count``,
            ``reconnect_count``, ``failed_logins``, ``sequence_gaps``,
            ``query_character_share``, ``protocol`` and ``device_type``. The last two
            are of dtype category, the others float64; missing is NaN.
        target : DataFrame of shape (n, 2)
            "health": "normal", "hypoxia", "sepsis", "arrhythmia"; "cyber": "normal",
            "dos", "spoofing", "tampering", "sql_injection".
        groups : Series of shape (n,)
            Number of the patient.
        timestamps : Series of shape (n,), dtype datetime64[ns]
            Time of each row; within a patient ascending.
        streams : dict of str to DataFrame
            What each device reports: "patient", "environment", "network", with the
            columns ``timestamp`` (of the device's own clock), ``patient`` and values.
        episodes : DataFrame
            Emergencies and attacks: ``patient``, ``head``, ``label``, ``variant``,
            ``start``, ``end``.
        modalities, split_by, part, protocol, DESCR, feature_names
            As for every data set; ``split_by`` is "groups".

    Raises
    ------
    ValueError
        If a parameter is out of its range, or `hours` is shorter than one step.

    See Also
    --------
    skdualcnn.preprocessing.align_streams : Aligns the field `streams` in other ways.

    Notes
    -----
    The latest report counts for at most four of its stream's periods; afterwards the
    value is missing. Ranges, rhythms and episodes follow [1]_ to [5]_ in direction and
    rough size; the sources of each are named in the modules that simulate them.

    References
    ----------
    .. [1] Royal College of Physicians, "National Early Warning Score (NEWS) 2", London,
       2017.
    .. [2] M. Singer et al., "The Third International Consensus Definitions for Sepsis
       and Septic Shock (Sepsis-3)", JAMA 315, 801-810, 2016.
    .. [3] G. Vandewalle et al., "Robust circadian rhythm in heart rate and its
       variability", Journal of Sleep Research 16, 148-155, 2007.
    .. [4] R. Refinetti, M. Menaker, "The circadian rhythm of body temperature",
       Physiology & Behavior 51, 613-637, 1992.
    .. [5] I. Vaccari et al., "MQTTset, a New Dataset for Machine Learning Techniques on
       MQTT", Sensors 20(22), 6578, 2020.

    Examples
    --------
    >>> from skdualcnn.datasets import make_ward
    >>> ward = make_ward(n_patients=4, hours=6, random_state=0)
    >>> ward.data.shape
    (1440, 26)
    >>> sorted(ward.target["cyber"].unique())
    ['dos', 'normal', 'spoofing', 'sql_injection', 'tampering']
    >>> ward.modalities["environment"]
    ['room_temperature', 'room_humidity', 'room_light', 'room_noise']
    >>> {name: len(stream) for name, stream in ward.streams.items()}
    {'patient': 5615, 'environment': 1422, 'network': 2872}
    """
    step = _step_seconds(freq)
    _check_parameters(n_patients, hours, step, emergencies_per_day, attacks_per_day)
    duration = float(hours) * 3600.0
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_patients)
    patients = [
        draw_patient(
            number,
            int(seed),
            duration=duration,
            midnight=MIDNIGHT,
            emergencies_per_day=float(emergencies_per_day),
            attacks_per_day=float(attacks_per_day),
        )
        for number, seed in enumerate(seeds)
    ]
    streams = {modality: _stream(modality, patients) for modality in _STREAMS}
    modalities = {
        modality: [name for name in stream.columns if name not in ("timestamp", "patient")]
        for modality, stream in streams.items()
    }
    rows = _align(streams, n_patients, duration, step) if aligned else _interleave(streams)
    columns = [name for names in modalities.values() for name in names]
    return make_dataset(
        data=rows[columns],
        target=_labels(rows, patients),
        groups=rows["patient"],
        modalities=modalities,
        split_by="groups",
        protocol="Hold out whole patients.",
        descr=DESCR,
        return_X_y=return_X_y,
        timestamps=rows["timestamp"],
        streams=streams,
        episodes=_episodes(patients),
    )


def _step_seconds(freq: Any) -> float:
    try:
        if _is_number(freq):
            return float(freq)
        return float(pd.Timedelta(freq).total_seconds())
    except (ValueError, TypeError) as error:
        raise ValueError(
            f'freq is {freq!r}, expected a time such as "1min" or a number of seconds'
        ) from error


def _check_parameters(
    n_patients: Any, hours: Any, step: float, emergencies_per_day: Any, attacks_per_day: Any
) -> None:
    integer = _is_number(n_patients) and isinstance(n_patients, numbers.Integral)
    if not integer or n_patients < 1:
        raise ValueError(f"n_patients is {n_patients!r}, expected an integer, at least 1")
    if not _is_number(hours) or not 0 < hours < np.inf:
        raise ValueError(f"hours is {hours!r}, expected a number above 0")
    if not 0.01 <= step < np.inf:
        raise ValueError(f"freq is {step} seconds, expected at least 0.01 seconds")
    if hours * 3600.0 < step:
        raise ValueError(
            f"hours is {hours}, {hours * 3600.0:g} seconds, expected at least one step of freq, "
            f"{step:g} seconds"
        )
    rates = {"emergencies_per_day": emergencies_per_day, "attacks_per_day": attacks_per_day}
    for name, rate in rates.items():
        if not _is_number(rate) or not 0 <= rate <= 100:
            raise ValueError(f"{name} is {rate!r}, expected a number from 0 to 100")


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | np.bool_) and isinstance(value, numbers.Real)


def _at(seconds: npt.NDArray[np.floating[Any]]) -> pd.DatetimeIndex:
    """Turn seconds since the start into timestamps, to the millisecond."""
    return pd.DatetimeIndex(
        np.datetime64(START, "ns") + (seconds * 1000.0).round().astype("timedelta64[ms]")
    )


def _stream(modality: str, patients: Sequence[Patient]) -> pd.DataFrame:
    """Let one kind of device report for all patients, each by its own clock."""
    simulate, _ = _STREAMS[modality]
    tables = []
    for patient in patients:
        time, values = simulate(patient)
        rng = np.random.default_rng([patient.seed, CLOCK_STREAM, list(_STREAMS).index(modality)])
        drift = 1.0 + rng.normal(0.0, 20e-6)
        clock = time * drift + rng.uniform(-2.0, 2.0) + rng.normal(0.0, 0.15, len(time))
        table = pd.DataFrame({"timestamp": _at(clock), "patient": patient.number, **values})
        tables.append(table.sort_values("timestamp", kind="stable"))
    stream = pd.concat(tables, ignore_index=True)
    categorical = [name for name in _CATEGORICAL if name in stream]
    return stream.astype(dict.fromkeys(categorical, "category"))


def _align(
    streams: dict[str, pd.DataFrame], n_patients: int, duration: float, step: float
) -> pd.DataFrame:
    """Give each step the latest report of each stream, unless it is too old."""
    # A remainder of less than a step is left out; the margin is for steps such as 0.1 s.
    steps = _at(step * np.arange(1.0, int(duration / step + 1e-9) + 1.0))
    rows = pd.DataFrame(
        {
            "timestamp": np.repeat(steps.to_numpy(), n_patients),
            "patient": np.tile(np.arange(n_patients), len(steps)),
        }
    )
    for modality, stream in streams.items():
        rows = pd.merge_asof(
            rows,
            stream.sort_values("timestamp", kind="stable"),
            on="timestamp",
            by="patient",
            tolerance=pd.Timedelta(seconds=_STREAMS[modality][1]),
        )
    return rows.sort_values(["patient", "timestamp"], kind="stable", ignore_index=True)


def _interleave(streams: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Put the reports of all streams below each other, in the order of their time."""
    rows = pd.concat(list(streams.values()), ignore_index=True)
    return rows.sort_values(["patient", "timestamp"], kind="stable", ignore_index=True)


def _labels(rows: pd.DataFrame, patients: Sequence[Patient]) -> pd.DataFrame:
    """Label each row with what is the case at its time."""
    seconds = ((rows["timestamp"] - START) / pd.Timedelta(seconds=1)).to_numpy()
    numbers_of_rows = rows["patient"].to_numpy()
    health = np.empty(len(rows), dtype=object)
    cyber = np.empty(len(rows), dtype=object)
    for patient in patients:
        mine = numbers_of_rows == patient.number
        health[mine] = labels_at(patient.emergencies, seconds[mine])
        cyber[mine] = labels_at(patient.attacks, seconds[mine])
    return make_target(len(rows), health=health, cyber=cyber)


def _episodes(patients: Sequence[Patient]) -> pd.DataFrame:
    """List all emergencies and attacks."""
    columns = ["patient", "head", "label", "variant", "start", "end"]
    listed = [
        (patient.number, head, one.label, one.variant, one.start, one.end)
        for patient in patients
        for head, episodes in (("health", patient.emergencies), ("cyber", patient.attacks))
        for one in episodes
    ]
    table = pd.DataFrame(listed, columns=columns)
    for name in ("start", "end"):
        table[name] = _at(table[name].to_numpy(dtype=np.float64))
    return table
