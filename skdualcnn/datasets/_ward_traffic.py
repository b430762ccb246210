"""Network traffic of the simulated ward: what a gateway counts at one bed's devices.

The kinds of attack follow the literature: flooding and spoofing of MQTT brokers
(I. Vaccari et al., MQTTset, Sensors 20(22), 6578, 2020), low-rate denial of service
(A. Kuzmanovic, E. W. Knightly, Low-Rate TCP-Targeted Denial of Service Attacks, ACM
SIGCOMM 2003, 75-86), alteration of vitals on the way (A. A. Hady et al., IEEE Access 8,
106576, 2020), injected queries (W. G. J. Halfond et al., A Classification of
SQL-Injection Attacks and Countermeasures, IEEE ISSSE 2006).
"""

import numpy as np
import numpy.typing as npt

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

PERIOD = 30.0
STREAM = 3
HEADER_BYTES = 54.0

# Packets a second, payload in bytes and topics of each kind of monitor.
USUAL = {"bedside": (6.0, 110.0, 8.0), "wearable": (2.5, 64.0, 5.0), "hub": (11.0, 150.0, 14.0)}
PROTOCOL = {"bedside": "mqtt", "wearable": "coap", "hub": "mqtt"}


class _Bed:
    """Expected traffic of one bed, window by window, before anything is counted."""

    def __init__(self, rng: np.random.Generator, patient: Patient, time: FloatArray) -> None:
        rate, payload, topics = USUAL[patient.device_type]
        n = len(time)
        self.log_rate = (
            np.log(rate)
            + rng.normal(0, 0.25)
            + autocorrelated_noise(rng, time, 0.18, 240.0)
            + 0.12 * daily_wave(time + patient.midnight, 14.0)
        )
        self.log_payload = (
            np.log(payload) + rng.normal(0, 0.12) + autocorrelated_noise(rng, time, 0.07, 300.0)
        )
        self.irregularity = np.exp(rng.normal(0.1, 0.07) + rng.normal(0, 0.1, n))
        self.topics = np.full(n, topics)
        self.publish = np.full(n, rng.uniform(1.2, 2.0))
        link = rng.gamma(8.0, 0.125)
        self.errors = np.full(n, 0.25 * link)
        self.retransmissions = np.full(n, 0.8 * link)
        self.failed_logins = np.full(n, 0.02)
        self.reconnects = np.full(n, 0.06 * link)
        self.sequence_gaps = np.full(n, 0.15 * link)
        self.query_characters = rng.uniform(0.012, 0.03) * np.exp(rng.normal(0, 0.25, n))
        self.web = np.full(n, 0.03)


def simulate_traffic(
    patient: Patient,
) -> tuple[FloatArray, dict[str, FloatArray | npt.NDArray[np.object_]]]:
    """Simulate what the gateway counts every 30 seconds.

    Parameters
    ----------
    patient : Patient
        Whose devices.

    Returns
    -------
    time : ndarray of shape (n,)
        True seconds since the start, at the end of each window.
    values : dict of str to ndarray of shape (n,)
        A column each.
    """
    rng = patient.random(STREAM)
    time = np.arange(PERIOD, patient.duration + PERIOD, PERIOD)
    bed = _Bed(rng, patient, time)
    _harmless(rng, patient, time, bed)
    _alarms(rng, patient, time, bed)
    for attack in patient.attacks:
        # An attacker pauses: windows in between look like any other.
        working = np.repeat(rng.random(len(time) // 4 + 1) < 0.97, 4)[: len(time)]
        course = attack.severity * attack.shape(time, 10.0, 10.0) * working
        _ATTACK_TRAFFIC[attack.label](rng, attack, course, bed)
    values = _count(rng, patient, bed)
    lost = covered(draw_benign(rng, patient.duration, 0.04, (60.0, 600.0)), time)
    return time[~lost], {name: column[~lost] for name, column in values.items()}


def _harmless(rng: np.random.Generator, patient: Patient, time: FloatArray, bed: _Bed) -> None:
    """Staff tablets, updates and backups, and a radio link that comes and goes."""
    visit = total_shape(patient.visits, time, 30.0, 30.0)
    transfer = total_shape(patient.transfers, time, 15.0, 15.0)
    bad_link = total_shape(patient.bad_links, time, 30.0, 30.0)
    bed.log_rate += 0.25 * visit + 1.4 * transfer - 0.25 * bad_link
    bed.log_payload += 0.15 * visit + 0.5 * transfer
    bed.web += 0.35 * visit + 0.3 * transfer
    bed.topics += 1.5 * visit + 1.0 * transfer
    # Free text of nurses' notes has quotes and dashes too.
    bed.query_characters += 0.025 * visit * rng.random(len(time))
    bed.failed_logins += 0.12 * visit + 0.35 * bad_link
    bed.errors += 2.0 * bad_link + 0.4 * transfer
    bed.retransmissions += 5.0 * bad_link + 0.8 * transfer
    bed.reconnects += 0.7 * bad_link
    bed.sequence_gaps += 0.8 * bad_link
    bed.irregularity *= 1.0 + 0.5 * bad_link


def _alarms(rng: np.random.Generator, patient: Patient, time: FloatArray, bed: _Bed) -> None:
    """Report an emergency: alarm messages, and reports at a higher rate."""
    alarm = total_shape(patient.emergencies, time, 120.0, 240.0)
    bed.log_rate += rng.uniform(0.3, 0.8) * alarm
    bed.log_payload -= 0.12 * alarm
    bed.publish += 0.5 * alarm
    bed.topics += 2.0 * alarm
    bed.web += 0.15 * alarm
    bed.errors += 0.2 * alarm
    bed.retransmissions += 0.6 * alarm


def _dos(rng: np.random.Generator, attack: Episode, course: FloatArray, bed: _Bed) -> None:
    if attack.variant == "flood":
        bed.log_rate += rng.uniform(1.3, 2.8) * course
        bed.log_payload -= rng.uniform(0.1, 0.5) * course
        bed.publish -= 0.6 * course
        bed.errors += 1.2 * course
        bed.retransmissions += 3.0 * course
        bed.irregularity *= 1.0 + 0.2 * course
    else:
        bed.log_rate -= 0.35 * course
        bed.irregularity *= 1.0 + 1.3 * course
        bed.retransmissions += 7.0 * course
        bed.errors += 1.2 * course
        bed.reconnects += 0.5 * course


def _spoofing(rng: np.random.Generator, attack: Episode, course: FloatArray, bed: _Bed) -> None:
    bed.log_rate += rng.uniform(0.15, 0.5) * course
    bed.sequence_gaps += 5.0 * course
    bed.reconnects += 0.9 * course
    bed.failed_logins += 0.4 * course
    if attack.variant == "room":
        bed.topics += 1.0 * course


def _tampering(rng: np.random.Generator, attack: Episode, course: FloatArray, bed: _Bed) -> None:
    """Sit in the middle: messages are held, changed and sent on."""
    if attack.variant in ("masking", "sepsis", "fibrillation"):
        # Messages are sent on one by one, as they come.
        bed.irregularity *= 1.0 + rng.uniform(0.6, 1.1) * course
    else:
        # Messages are collected and sent on by a timer.
        bed.irregularity /= 1.0 + rng.uniform(0.6, 1.1) * course
    bed.log_payload += rng.choice([-1.0, 1.0]) * rng.uniform(0.15, 0.35) * course
    bed.retransmissions += 2.0 * course
    bed.sequence_gaps += 1.2 * course
    bed.reconnects += 0.2 * course


def _sql_injection(
    rng: np.random.Generator, attack: Episode, course: FloatArray, bed: _Bed
) -> None:
    bed.query_characters += rng.uniform(0.05, 0.1) * course * rng.uniform(0.5, 1.4, len(course))
    bed.log_payload += rng.uniform(0.1, 0.35) * course
    bed.errors += 1.0 * course
    bed.web += 0.25 * course
    if attack.variant == "login form":
        bed.failed_logins += 1.2 * course


_ATTACK_TRAFFIC = {
    "dos": _dos,
    "spoofing": _spoofing,
    "tampering": _tampering,
    "sql_injection": _sql_injection,
}


def _count(
    rng: np.random.Generator, patient: Patient, bed: _Bed
) -> dict[str, FloatArray | npt.NDArray[np.object_]]:
    """Draw what is counted in each window from what is expected."""
    n = len(bed.log_rate)
    packets = np.maximum(rng.poisson(np.exp(bed.log_rate) * PERIOD), 1)
    rate = packets / PERIOD
    payload = np.exp(bed.log_payload)
    gap = 1000.0 / rate * np.exp(rng.normal(0, 0.03, n))
    share = 1.0 / (1.0 + np.exp(-bed.publish - rng.normal(0, 0.15, n)))
    web = rng.random(n) < bed.web.clip(0.0, 0.95)
    return {
        "packet_rate": rate.round(2),
        "byte_rate": (rate * (payload + HEADER_BYTES)).round(0),
        "payload_length": payload.round(1),
        "interarrival_mean": gap.round(1),
        "interarrival_std": (gap * bed.irregularity).round(1),
        "publish_share": share.round(3),
        "distinct_topics": rng.poisson(bed.topics * 0.3) + (0.7 * bed.topics).round(),
        "error_count": rng.poisson(bed.errors).astype(np.float64),
        "retransmission_count": rng.poisson(bed.retransmissions).astype(np.float64),
        "reconnect_count": rng.poisson(bed.reconnects).astype(np.float64),
        "failed_logins": rng.poisson(bed.failed_logins).astype(np.float64),
        "sequence_gaps": rng.poisson(bed.sequence_gaps).astype(np.float64),
        "query_character_share": bed.query_characters.clip(0.0, 1.0).round(4),
        "protocol": np.where(web, "http", PROTOCOL[patient.device_type]).astype(object),
        "device_type": np.full(n, patient.device_type, dtype=object),
    }
