"""NSL-KDD: network connections with the official training and test files."""

from typing import Any

import numpy as np
import pandas as pd

from skdualcnn.datasets._bunch import make_dataset, make_target
from skdualcnn.datasets._files import DataHome, ExpectedFile, Origin, as_numbers, read_table

ORIGIN = Origin(
    title="NSL-KDD", homepage="https://www.unb.ca/cic/datasets/nsl.html", subfolder="nsl_kdd"
)
CATEGORICAL = ("protocol_type", "service", "flag")
_FEATURES = """
duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot
num_failed_logins logged_in num_compromised root_shell su_attempted num_root
num_file_creations num_shells num_access_files num_outbound_cmds is_host_login
is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate
same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count
dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate
dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate
dst_host_rerror_rate dst_host_srv_rerror_rate
"""
FEATURES = tuple(_FEATURES.split())
ATTACKS = {
    "normal": "normal",
    "dos": "apache2 back land mailbomb neptune pod processtable smurf teardrop udpstorm",
    "probe": "ipsweep mscan nmap portsweep saint satan",
    "r2l": (
        "ftp_write guess_passwd imap multihop named phf sendmail snmpgetattack snmpguess spy "
        "warezclient warezmaster worm xlock xsnoop"
    ),
    "u2r": "buffer_overflow httptunnel loadmodule perl ps rootkit sqlattack xterm",
}
CATEGORY_OF = {name: category for category, names in ATTACKS.items() for name in names.split()}


def _file(name: str, rows: int, sha256: str | None) -> ExpectedFile:
    return ExpectedFile(
        origin=ORIGIN,
        name=name,
        columns=(*FEATURES, "attack", "difficulty"),
        rows=rows,
        sha256=sha256,
        has_header=False,
    )


TRAIN_FILES = {
    "full": _file("KDDTrain+.txt", 125_973, None),
    "20percent": _file(
        "KDDTrain+_20Percent.txt",
        25_192,
        "7ea86479faab5ca2190b7f18b4982fb058ce5bf2b46e0e1017d0d9ef90f9c16e",
    ),
}
TEST_FILE = _file(
    "KDDTest+.txt", 22_544, "fa46b0935342616aa83b7c2578db355b6a7aaabbc492248172c7a1e8b7ab8f84"
)
DESCR = """NSL-KDD (KDD Cup 1999 connections without their duplicates)

41 features of TCP, UDP and ICMP connections of a simulated military network of 1998,
with 4 categories of attack: denial of service (dos), probing (probe), remote to local
(r2l), user to root (u2r). KDDTrain+ has 125,973 rows, its 20 % file 25,192, KDDTest+
22,544. Categories follow the tabulation of KDD Cup 1999; some papers count httptunnel as
r2l (133 test rows) and worm as dos (2 test rows).

Origin: https://www.unb.ca/cic/datasets/nsl.html, Canadian Institute for Cybersecurity,
which asks users to cite M. Tavallaee, E. Bagheri, W. Lu, A. Ghorbani, "A Detailed
Analysis of the KDD CUP 99 Data Set", IEEE CISDA 2009, doi:10.1109/CISDA.2009.5356528.
There is no patient in it: it is the test bed of the cyber head alone.

Traps. The official test file has attack types that no training row has: with the 20 %
file 16.6 % of test rows. A random split of the training file gives .99 accuracy, the
official files .75 to .80: only the latter says anything. `difficulty` counts how many of
21 learners got the row right, and so depends on the label. num_outbound_cmds is constant.
"""


def load_nsl_kdd(
    data_home: Any,
    *,
    train_file: str = "auto",
    drop_leaky: bool = True,
    verify: bool = True,
    return_X_y: bool = False,
) -> Any:
    """Load NSL-KDD: connections with attack classes and an official test file.

    The files are read as their authors publish them; nothing is downloaded.

    Parameters
    ----------
    data_home : str or path-like
        Folder with ``KDDTest+.txt`` and ``KDDTrain+.txt`` or
        ``KDDTrain+_20Percent.txt``, the parent of a folder ``nsl_kdd`` with them, or a
        .zip or .tar.gz archive.
    train_file : {"auto", "full", "20percent"}, default="auto"
        Which training file: all 125,973 rows, the authors' 25,192, or the larger one
        that is there.
    drop_leaky : bool, default=True
        Leave out ``difficulty``: it counts the learners that classified the row rightly,
        which nobody knows without the label. With False it is a column of `data`.
    verify : bool, default=True
        Compare the number of rows with the published files, and the checksum for
        ``KDDTrain+_20Percent.txt`` and ``KDDTest+.txt``, whose checksum is known here.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    Bunch or (DataFrame, DataFrame)
        A Bunch of the following fields, or its first two.

        data : DataFrame of shape (n, 41)
            38 columns of float64 and the three of dtype category ``protocol_type``,
            ``service``, ``flag``; training rows first. All belong to the network.
        target : DataFrame of shape (n, 2)
            "cyber" is "normal", "dos", "probe", "r2l" or "u2r"; "health" is missing.
        attack : Series of shape (n,)
            The attack type as the file names it ("neptune", "smurf", ...).
        unseen_attacks : list of str
            Attack types of the test rows that no training row has.
        part : ndarray of shape (n,), dtype object
            "train" or "test".
        groups : Series of shape (n,)
            Each row is its own.
        modalities, split_by, protocol, DESCR, feature_names
            As for every data set; ``split_by`` is "file".

    Raises
    ------
    DataFileError
        If a file is missing, truncated, altered or of another format.
    ValueError
        If `train_file` is unknown.

    References
    ----------
    .. [1] M. Tavallaee, E. Bagheri, W. Lu, A. Ghorbani, "A Detailed Analysis of the KDD
       CUP 99 Data Set", IEEE Symposium on Computational Intelligence for Security and
       Defense Applications, 2009.

    Examples
    --------
    >>> from skdualcnn.datasets import load_nsl_kdd
    >>> connections = load_nsl_kdd("data/nsl_kdd")  # doctest: +SKIP
    >>> connections.data.shape  # doctest: +SKIP
    (47736, 41)
    """
    if train_file not in ("auto", *TRAIN_FILES):
        raise ValueError(f"train_file is {train_file!r}, expected one of {('auto', *TRAIN_FILES)}")
    home = DataHome(data_home, ORIGIN)
    if train_file == "auto":
        train_file = "full" if home.has(TRAIN_FILES["full"].name) else "20percent"
    tables = []
    for expected in (TRAIN_FILES[train_file], TEST_FILE):
        table = read_table(home, expected, verify=verify)
        numeric = [name for name in expected.columns if name not in (*CATEGORICAL, "attack")]
        table[numeric] = as_numbers(table, numeric, home, expected)
        table["attack"] = table["attack"].astype(object)
        unknown = ~table["attack"].isin(list(CATEGORY_OF))
        if unknown.any():
            raise expected.error(
                home, f"{table['attack'][unknown].iloc[0]!r} in column 'attack', no known type"
            )
        tables.append(table)
    train, test = tables
    table = pd.concat(tables, ignore_index=True)
    columns = list(FEATURES) if drop_leaky else [*FEATURES, "difficulty"]
    data = table[columns].astype(dict.fromkeys(CATEGORICAL, "category"))
    part = np.repeat(np.array(["train", "test"], dtype=object), [len(train), len(test)])
    return make_dataset(
        data=data,
        target=make_target(len(data), cyber=table["attack"].map(CATEGORY_OF)),
        groups=np.arange(len(data)),
        modalities={"network": columns},
        split_by="file",
        part=part,
        protocol=f"Train on {TRAIN_FILES[train_file].name} and test on the official KDDTest+.txt.",
        descr=DESCR,
        return_X_y=return_X_y,
        attack=table["attack"],
        unseen_attacks=sorted(set(test["attack"]) - set(train["attack"])),
    )
