"""The ICU traffic of IoT-Flock: packets of patient monitors, room sensors and attackers."""

from typing import Any

import numpy as np
import pandas as pd

from skdualcnn.datasets._bunch import make_dataset, make_target
from skdualcnn.datasets._files import DataHome, ExpectedFile, Origin, read_table

ORIGIN = Origin(
    title="IoT healthcare security (ICU, IoT-Flock)",
    homepage="https://github.com/imfaisalmalik/IoT-Healthcare-Security-Dataset",
    subfolder="icu_security",
)
_COLUMNS = """
frame.time_delta frame.time_relative frame.len ip.src ip.dst tcp.srcport tcp.dstport
tcp.flags tcp.time_delta tcp.len tcp.ack tcp.connection.fin tcp.connection.rst
tcp.connection.sack tcp.connection.syn tcp.flags.ack tcp.flags.fin tcp.flags.push
tcp.flags.reset tcp.flags.syn tcp.flags.urg tcp.hdr_len tcp.payload tcp.pdu.size
tcp.window_size_value tcp.checksum mqtt.clientid mqtt.clientid_len mqtt.conack.flags
mqtt.conack.val mqtt.conflag.passwd mqtt.conflag.qos mqtt.conflag.reserved
mqtt.conflag.retain mqtt.conflag.willflag mqtt.conflags mqtt.dupflag mqtt.hdrflags
mqtt.kalive mqtt.len mqtt.msg mqtt.msgtype mqtt.qos mqtt.retain mqtt.topic
mqtt.topic_len mqtt.ver mqtt.willmsg_len ip.proto ip.ttl class label
"""
COLUMNS = tuple(_COLUMNS.split())
# Identities and contents, as text, and what identifies or dates a packet, as numbers.
LEAKY_TEXT = [
    *("ip.src", "ip.dst", "tcp.payload"),
    *("mqtt.clientid", "mqtt.msg", "mqtt.topic", "class"),
]
LEAKY_NUMBERS = [
    *("frame.time_relative", "tcp.srcport", "tcp.dstport", "tcp.ack", "tcp.checksum"),
    *("mqtt.clientid_len", "mqtt.topic_len", "ip.proto", "ip.ttl"),
]
N_BLOCKS = 50


def _file(name: str, rows: int) -> ExpectedFile:
    return ExpectedFile(origin=ORIGIN, name=name, columns=COLUMNS, rows=rows)


FILES = {
    "attack": _file("Attack.csv", 80_126),
    "environment": _file("environmentMonitoring.csv", 31_758),
    "patient": _file("patientMonitoring.csv", 76_810),
}
DESCR = """IoT healthcare security (ICU use case generated with IoT-Flock)

188,694 packets in three files: Attack.csv 80,126, environmentMonitoring.csv 31,758 and
patientMonitoring.csv 76,810. The devices of an intensive care unit with two beds were
generated in software, and so were the attacks. The label is normal or attack.

Origin: F. Hussain, S. G. Abbas, G. A. Shah, I. M. Pires, U. U. Fayyaz, F. Shahzad, N. M.
Garcia, E. Zdravevski, "A Framework for Malicious Traffic Detection in IoT Healthcare
Environment", Sensors 21(9) (2021), 3025, https://doi.org/10.3390/s21093025. The files are
in ICUDatasetProcessed.zip at https://github.com/imfaisalmalik/IoT-Healthcare-Security-Dataset;
see there for the terms of use.

Traps. All of it is network traffic: "patient" and "environment" are the packets of those
devices, not vital signs, and there is no health label. The file alone tells the label, so
whatever identifies a machine (addresses, ports, client identifiers, topics, time to live)
tells it too. Its authors report for a random 70/30 split of ten features an accuracy of
99.71 % (random forest), 99.69 % (decision tree), 99.65 % (nearest neighbours) and 95.29 %
(logistic regression). Holding out blocks of time keeps neighbouring packets together, but
training and test still share machines and tools: it says nothing about other attackers.
"""


def load_icu_security(
    data_home: Any,
    *,
    drop_leaky: bool = True,
    verify: bool = True,
    return_X_y: bool = False,
) -> Any:
    """Load the ICU traffic of Hussain et al. (2021), the data set of IoT-Flock.

    The files are read as their authors publish them; nothing is downloaded.

    Parameters
    ----------
    data_home : str or path-like
        Folder with ``Attack.csv``, ``environmentMonitoring.csv`` and
        ``patientMonitoring.csv``, the parent of a folder ``icu_security`` with them, or
        a .zip or .tar.gz archive, such as the authors' ``ICUDatasetProcessed.zip``.
    drop_leaky : bool, default=True
        Leave out what identifies the source rather than its behaviour:

        - ``class``: the name of the file;
        - ``ip.src``, ``ip.dst``, ``ip.proto``, ``ip.ttl``, ``tcp.srcport``,
          ``tcp.dstport``: the machine and its operating system;
        - ``mqtt.clientid``, ``mqtt.topic`` and their lengths ``mqtt.clientid_len``,
          ``mqtt.topic_len``: the device;
        - ``mqtt.msg``, ``tcp.payload``, ``tcp.checksum``: the contents, and a sum over
          contents and addresses;
        - ``frame.time_relative``, ``tcp.ack``: clocks, which tell the capture and the
          place in it.

        With False they are columns like the others, text as category.
    verify : bool, default=True
        Compare the numbers of rows with those published. Checksums are not known here.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    Bunch or (DataFrame, DataFrame)
        A Bunch of the following fields, or its first two.

        data : DataFrame of shape (188694, 35), float64
            Fields of a packet as tshark names them; hexadecimal flags are decoded to
            integers, NaN where a packet has no such field. Where several MQTT messages
            share a packet, the value is the first one's. All belong to the network.
        target : DataFrame of shape (188694, 2)
            "cyber" is "normal" or "attack"; "health" is missing.
        groups : Series
            Block of consecutive packets of one file; each file is cut into 50 blocks of
            equal size in the order of its rows. There is no patient in the files to
            group by.
        source : Series
            File of each row: "attack", "environment" or "patient".
        modalities, split_by, part, protocol, DESCR, feature_names
            As for every data set; ``split_by`` is "groups".

    Raises
    ------
    DataFileError
        If a file is missing, truncated or of another format.

    References
    ----------
    .. [1] F. Hussain et al., "A Framework for Malicious Traffic Detection in IoT
       Healthcare Environment", Sensors 21(9), 3025, 2021.

    Examples
    --------
    >>> from skdualcnn.datasets import load_icu_security
    >>> traffic = load_icu_security("data/icu_security")  # doctest: +SKIP
    >>> traffic.data.shape  # doctest: +SKIP
    (188694, 35)
    """
    home = DataHome(data_home, ORIGIN)
    # Everything is read as text: the types of a column change from row to row.
    tables = [read_table(home, FILES[name], verify=verify, dtype=str) for name in FILES]
    if all(one.empty for one in tables):
        raise FILES["attack"].error(home, "a header without rows, as the other two files")
    labels = []
    for expected, one in zip(FILES.values(), tables, strict=True):
        label = pd.to_numeric(one["label"], errors="coerce")
        if not label.isin([0, 1]).all():
            bad = one["label"][~label.isin([0, 1])].iloc[0]
            raise expected.error(home, f"{bad!r} in column 'label', neither 0 nor 1")
        labels.append(np.where(label == 1, "attack", "normal"))
    sizes = [len(one) for one in tables]
    table = pd.concat(tables, ignore_index=True)
    dropped = {*LEAKY_TEXT, *LEAKY_NUMBERS, "label"}
    columns = {name: _decode(table[name]) for name in COLUMNS if name not in dropped}
    if not drop_leaky:
        columns |= {name: _decode(table[name]) for name in LEAKY_NUMBERS}
        columns |= {name: table[name].astype("category") for name in LEAKY_TEXT}
    data = pd.DataFrame(columns)
    return make_dataset(
        data=data,
        target=make_target(len(data), cyber=np.concatenate(labels)),
        groups=np.concatenate(
            [
                number * N_BLOCKS + np.arange(size) * N_BLOCKS // size
                for number, size in enumerate(sizes)
                if size
            ]
        ),
        modalities={"network": list(columns)},
        split_by="groups",
        protocol=(
            "Hold out whole blocks of consecutive packets of each file; training and test "
            "still share machines and attack tools."
        ),
        descr=DESCR,
        return_X_y=return_X_y,
        source=pd.Series(np.repeat(list(FILES), sizes), name="source", dtype=object),
    )


def _decode(column: pd.Series) -> pd.Series:
    """Read decimal and 0x... text as numbers, the first of several separated by commas."""
    texts = column.dropna().astype(str)
    values = {text: _number(text) for text in texts.unique()}
    return texts.map(values).astype("float64").reindex(column.index)


def _number(text: str) -> float:
    first = text.split(",", maxsplit=1)[0].strip()
    try:
        return float(int(first, 16)) if first.lower().startswith("0x") else float(first)
    except ValueError:
        return float("nan")
