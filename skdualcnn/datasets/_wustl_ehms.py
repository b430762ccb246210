"""WUSTL-EHMS-2020: network flows and vital signs of one patient monitor."""

from typing import Any

import numpy as np

from skdualcnn.datasets._bunch import make_dataset, make_target
from skdualcnn.datasets._files import DataHome, ExpectedFile, Origin, as_numbers, read_table

ORIGIN = Origin(
    title="WUSTL-EHMS-2020",
    homepage="https://www.cse.wustl.edu/~jain/ehms/index.html",
    subfolder="wustl_ehms_2020",
)
_NETWORK = """
SrcBytes DstBytes SrcLoad DstLoad SIntPkt DIntPkt SIntPktAct SrcJitter DstJitter
sMaxPktSz dMaxPktSz sMinPktSz Dur TotPkts TotBytes Load Loss pLoss pSrcLoss pDstLoss Rate
"""
NETWORK = _NETWORK.split()
VITALS = ["Temp", "SpO2", "Pulse_Rate", "SYS", "DIA", "Heart_rate", "Resp_Rate", "ST"]
CONSTANT_NUMBERS = ["Dport", "SrcGap", "DstGap", "DIntPktAct", "dMinPktSz", "Trans"]
LEAKY_TEXT = ["Dir", "Flgs", "SrcAddr", "DstAddr", "Sport", "SrcMac", "DstMac"]
_COLUMNS = """
Dir Flgs SrcAddr DstAddr Sport Dport SrcBytes DstBytes SrcLoad DstLoad SrcGap DstGap
SIntPkt DIntPkt SIntPktAct DIntPktAct SrcJitter DstJitter sMaxPktSz dMaxPktSz
sMinPktSz dMinPktSz Dur Trans TotPkts TotBytes Load Loss pLoss pSrcLoss pDstLoss
Rate SrcMac DstMac Packet_num Temp SpO2 Pulse_Rate SYS DIA Heart_rate Resp_Rate ST
"""
FILE = ExpectedFile(
    origin=ORIGIN,
    name="wustl-ehms-2020_with_attacks_categories.csv",
    columns=(*_COLUMNS.split(), "Attack Category", "Label"),
    rows=16_318,
    sha256="8359da96154fa60247df9d75e52d232077acb9886c09c36de2a0aaaee6cf2c25",
)
LABELS = {"normal": "normal", "Spoofing": "spoofing", "Data Alteration": "data_alteration"}
DESCR = """WUSTL-EHMS-2020 (Enhanced Healthcare Monitoring System testbed)

16,318 network flows of one patient monitor, each with the vital signs reported in it:
14,272 normal, 1,124 spoofing, 922 data alteration. Rows are in time order; the 2,046
attack rows come in 84 episodes of about 24 rows.

Origin: https://www.cse.wustl.edu/~jain/ehms/index.html; described in
A. A. Hady, A. Ghubaish, T. Salman, D. Unal, R. Jain, "Intrusion Detection System for
Healthcare Systems Using Medical and Network Data: A Comparison Study", IEEE Access 8
(2020), 106576-106584, doi:10.1109/ACCESS.2020.3000421. The file names no licence: see
the page for the terms, and ask the authors before redistributing.

Traps. SrcMac equals the label (the attacker's machine). Flgs all but tells data
alteration. Sport and Packet_num count upwards, so they tell the time, and attacks are
episodes in time. Ten columns are constant. The vitals drift through the one recording:
they too tell the time, which looks like skill in a random split and vanishes in a
chronological one. 36.5 % of rows repeat the previous row's vitals. Some first vitals are
0, meaning not yet measured. There is no health label, and none is made up here: a score
computed from the vitals would be circular.
"""


def load_wustl_ehms(
    data_home: Any,
    *,
    drop_leaky: bool = True,
    verify: bool = True,
    return_X_y: bool = False,
) -> Any:
    """Load WUSTL-EHMS-2020: network flows and vitals of one monitor under attack.

    The file is read as its authors publish it; nothing is downloaded.

    Parameters
    ----------
    data_home : str or path-like
        Folder with ``wustl-ehms-2020_with_attacks_categories.csv``, the parent of a
        folder ``wustl_ehms_2020`` with it, or a .zip or .tar.gz archive.
    drop_leaky : bool, default=True
        Leave out the columns that give the label away or say nothing:

        - ``SrcMac``: differs for exactly the attack rows;
        - ``Flgs``: its value M is data alteration in all but a few rows;
        - ``Sport``, ``Packet_num``: counters, that is, clocks, and attacks are
          episodes in time;
        - ``SrcAddr``, ``DstAddr``, ``DstMac``, ``Dport``, ``Dir``: identities, constant
          here;
        - ``SrcGap``, ``DstGap``, ``DIntPktAct``, ``dMinPktSz``, ``Trans``: constant.

        With False they are network columns like the others, text as category, for
        studies of leakage.
    verify : bool, default=True
        Compare the number of rows and the checksum with the published file.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    Bunch or (DataFrame, DataFrame)
        A Bunch of the following fields, or its first two.

        data : DataFrame of shape (16318, 29), float64
            21 network features (bytes, bit/s, ms, packets, %) and 8 vitals (``Temp`` in
            degrees Celsius, ``SpO2`` in %, rates per minute, pressures in mmHg).
        target : DataFrame of shape (16318, 2)
            "cyber" is "normal", "spoofing" or "data_alteration"; "health" is missing.
        groups : Series
            Number of the episode, a run of rows of one label.
        modalities, split_by, part, protocol, DESCR, feature_names
            As for every data set; ``split_by`` is "time".

    Raises
    ------
    DataFileError
        If the file is missing, truncated, altered or of another format.

    References
    ----------
    .. [1] A. A. Hady, A. Ghubaish, T. Salman, D. Unal, R. Jain, "Intrusion Detection
       System for Healthcare Systems Using Medical and Network Data: A Comparison
       Study", IEEE Access 8, 106576-106584, 2020.

    Examples
    --------
    >>> from skdualcnn.datasets import load_wustl_ehms
    >>> monitor = load_wustl_ehms("data/wustl_ehms_2020")  # doctest: +SKIP
    >>> monitor.data.shape  # doctest: +SKIP
    (16318, 29)
    """
    home = DataHome(data_home, ORIGIN)
    # Ports are text here and there: the capture tool wrote the names of known services.
    text = dict.fromkeys([*LEAKY_TEXT, "Attack Category"], str)
    table = read_table(home, FILE, verify=verify, dtype=text)
    category = table["Attack Category"].str.strip()
    cyber = category.map(LABELS)
    if cyber.isna().any():
        unknown = category[cyber.isna()].iloc[0]
        raise FILE.error(home, f"attack category {unknown!r}, not one of {sorted(LABELS)}")

    network = list(NETWORK)
    data = as_numbers(table, [*NETWORK, *VITALS], home, FILE)
    if not drop_leaky:
        more = as_numbers(table, [*CONSTANT_NUMBERS, "Packet_num"], home, FILE)
        for name in more.columns:
            data[name] = more[name]
        for name in LEAKY_TEXT:
            data[name] = table[name].str.strip().astype("category")
        network += [*more.columns, *LEAKY_TEXT]
    labels = cyber.to_numpy(dtype=object)
    episode = np.cumsum(np.concatenate([[0], labels[1:] != labels[:-1]]))
    return make_dataset(
        data=data,
        target=make_target(len(data), cyber=labels),
        groups=episode,
        modalities={"patient": VITALS, "network": network},
        split_by="time",
        protocol=(
            "Train on the first 80 % of the recording and test on the rest, the cut moved to "
            "the end of the episode it falls into."
        ),
        descr=DESCR,
        return_X_y=return_X_y,
    )
