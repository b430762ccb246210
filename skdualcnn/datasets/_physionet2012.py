"""PhysioNet Challenge 2012: the first 48 hours of intensive care stays."""

import hashlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdualcnn.datasets._bunch import make_dataset, make_target
from skdualcnn.datasets._files import (
    DataHome,
    ExpectedFile,
    Origin,
    as_numbers,
    read_table,
    unpack_tar,
)
from skdualcnn.exceptions import DataFileError

ORIGIN = Origin(
    title="PhysioNet Challenge 2012",
    homepage="https://physionet.org/content/challenge-2012/1.0.0/",
    subfolder="physionet2012",
)
_VARIABLES = """
Albumin ALP ALT AST Bilirubin BUN Cholesterol Creatinine DiasABP FiO2 GCS Glucose HCO3 HCT
HR K Lactate Mg MAP MechVent Na NIDiasABP NIMAP NISysABP PaCO2 PaO2 pH Platelets RespRate
SaO2 SysABP Temp TroponinI TroponinT Urine WBC Weight
"""
VARIABLES = _VARIABLES.split()
DESCRIPTORS = ["Age", "Gender", "Height", "ICUType"]
UNITS = {1.0: "coronary", 2.0: "cardiac_surgery", 3.0: "medical", 4.0: "surgical"}
AGE_BANDS = {"under 50": 0, "50 to 64": 50, "65 to 79": 65, "80 and over": 80}
STATISTICS = ["mean", "min", "max", "std", "first", "last", "count"]
OUTCOMES = ["SAPS-I", "SOFA", "Length_of_stay", "Survival"]
N_HOURS = 48
HEADER = b"Time,Parameter,Value"
# The checksum is of the records' contents, one after the other in the order of their file
# names, so that it holds for the archive and for the folder extracted from it.
RECORDS_SHA256 = {
    "a": "998cdda0813ade746f87a52bf195dea3e045de92a008fe921db65578f6df2848",
    "b": "e7f4e45555f1fe514799915a40f9f3feae0c7cc84bf57713cd582be88ae67fc8",
}
N_RECORDS = 4_000


def _outcomes_file(letter: str, sha256: str) -> ExpectedFile:
    return ExpectedFile(
        origin=ORIGIN,
        name=f"Outcomes-{letter}.txt",
        columns=("RecordID", *OUTCOMES, "In-hospital_death"),
        rows=N_RECORDS,
        sha256=sha256,
    )


OUTCOMES_FILES = {
    "a": _outcomes_file("a", "2613ea60ccda29f87571a7d6b09ad130858a8ccd66325bd073365925026883c2"),
    "b": _outcomes_file("b", "1305f29734da374a809483229a99f33a9230aa8d4fa74b1a2d6ad788136423d5"),
}
DESCR = """PhysioNet/Computing in Cardiology Challenge 2012: Predicting Mortality of ICU Patients

8,000 adult intensive care stays of at least 48 hours (sets a and b, 4,000 each) with up
to 37 vital signs and laboratory values of the first 48 hours, measured irregularly, and
age, gender, height and kind of unit. The label is death in the hospital, about 14 %.
Set c of the challenge is not read.

Origin: https://physionet.org/content/challenge-2012/1.0.0/, under the licence that is
stated there. Cite I. Silva, G. Moody, D. J. Scott, L. A. Celi, R. G. Mark, "Predicting
In-Hospital Mortality of ICU Patients: The PhysioNet/Computing in Cardiology Challenge
2012", Computing in Cardiology 39 (2012), 245-248, and A. L. Goldberger et al.,
"PhysioBank, PhysioToolkit, and PhysioNet", Circulation 101 (2000), e215-e220.

Traps. -1 means missing. The other columns of the Outcomes files (SAPS-I, SOFA, length of
stay, survival) leak: survival is the label in days, length of stay is known afterwards.
Physically impossible values (a temperature of -17.8, a pH of 735) are left as recorded:
clip or filter them. How often a value was measured says much about the patient, and about
the hospital's habits. There is no room, no network and no cyber label in it.
"""


@dataclass(frozen=True)
class _Stays:
    """One set: its stays in ascending RecordID, and their measurements one a row."""

    record_id: npt.NDArray[np.int64]
    outcomes: pd.DataFrame
    static: pd.DataFrame
    measurements: pd.DataFrame


def load_physionet2012(
    data_home: Any,
    *,
    subset: str = "all",
    representation: str = "summary",
    drop_leaky: bool = True,
    verify: bool = True,
    return_X_y: bool = False,
) -> Any:
    """Load PhysioNet Challenge 2012: intensive care stays and in-hospital death.

    The files are read as their authors publish them; nothing is downloaded.

    Parameters
    ----------
    data_home : str or path-like
        Folder with ``Outcomes-a.txt`` and ``set-a.tar.gz`` or the extracted folder
        ``set-a`` (and the same for b), the parent of a folder ``physionet2012`` with
        them, or a .zip or .tar.gz archive.
    subset : {"all", "a", "b"}, default="all"
        Which of the challenge's sets.
    representation : {"summary", "hourly", "irregular"}, default="summary"
        One row a stay with statistics of each variable, 48 hourly means of each, or one
        row for each minute in which anything was measured.
    drop_leaky : bool, default=True
        Leave out the outcomes other than death: ``SAPS-I`` and ``SOFA`` (scores
        computed from the same values and more), ``Length_of_stay`` and ``Survival``
        (known only afterwards; the latter is the label in days). With False they are
        columns of `data` (summary) or of `static` (hourly).
    verify : bool, default=True
        Check the number of stays and the checksums.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    Bunch or (data, DataFrame)
        A Bunch of the following fields, or its first two.

        data : DataFrame of shape (n, 263) or (n, 37), or ndarray of shape (n, 48, 37), float32
            Summary: mean, min, max, std, first, last and count of each of the 37
            variables (``HR_mean``, ...), then ``Age``, ``Gender`` (0 female, 1 male),
            ``Height`` (cm) and ``ICUType`` (category). Missing values are NaN, the count
            is 0 then. Hourly: the mean of each hour, NaN where nothing was measured;
            axis 1 is the hour, axis 2 the variable in the order of `feature_names`.
            Irregular: the measurements of one minute a row, the rows of a stay in the
            order of time, NaN where a variable was not measured then.
        target : DataFrame of shape (n, 2)
            "health" is "normal" (left the hospital alive) or "death"; "cyber" is missing.
        mask : ndarray of shape (n, 48, 37), dtype bool
            Hourly only: where something was measured.
        timestamps : Series of shape (n,), dtype float64
            Irregular only: seconds since admission.
        static : DataFrame of shape (n_stays, 4)
            ``Age``, ``Gender``, ``Height``, ``ICUType`` of each stay.
        subgroups : DataFrame of shape (n, 3), dtype category
            Whom a model should serve alike: ``age`` (bands), ``sex``, ``unit``; missing
            where it was not recorded. For `skdualcnn.model_card`.
        groups : Series of shape (n,)
            RecordID: each stay is its own group. The label of an irregular row is that
            of its stay.
        part : ndarray of shape (n,), dtype object
            "train" for set a, "test" for set b.
        modalities, split_by, protocol, DESCR, feature_names
            As for every data set; ``split_by`` is "file"; all features belong to the
            patient.

    Raises
    ------
    DataFileError
        If a file is missing, truncated, altered or of another format, or if the stays
        and the outcomes do not belong together.
    ValueError
        If `subset` or `representation` is unknown.

    Notes
    -----
    Units are those of the challenge's documentation. Physically impossible values are
    left as recorded.

    References
    ----------
    .. [1] I. Silva, G. Moody, D. J. Scott, L. A. Celi, R. G. Mark, "Predicting
       In-Hospital Mortality of ICU Patients: The PhysioNet/Computing in Cardiology
       Challenge 2012", Computing in Cardiology 39, 245-248, 2012.

    Examples
    --------
    >>> from skdualcnn.datasets import load_physionet2012
    >>> stays = load_physionet2012("data/physionet2012")  # doctest: +SKIP
    >>> stays.data.shape  # doctest: +SKIP
    (8000, 263)
    """
    if subset not in ("all", "a", "b"):
        raise ValueError(f'subset is {subset!r}, expected "all", "a" or "b"')
    if representation not in ("summary", "hourly", "irregular"):
        raise ValueError(
            f'representation is {representation!r}, expected "summary", "hourly" or "irregular"'
        )
    home = DataHome(data_home, ORIGIN)
    letters = ["a", "b"] if subset == "all" else [subset]
    sets = [_read_set(home, letter, verify=verify) for letter in letters]

    outcomes = pd.concat([stays.outcomes for stays in sets], ignore_index=True)
    static = pd.concat([stays.static for stays in sets], ignore_index=True)
    static["ICUType"] = static["ICUType"].astype(pd.CategoricalDtype(list(UNITS.values())))
    if not drop_leaky:
        static = pd.concat([static, outcomes[OUTCOMES]], axis=1)
    record_id = np.concatenate([stays.record_id for stays in sets])
    parts = np.array(["train" if letter == "a" else "test" for letter in letters], dtype=object)
    part = np.repeat(parts, [len(stays.record_id) for stays in sets])
    stay = np.arange(len(record_id))  # of each row of data
    extra: dict[str, Any] = {}
    data: Any
    if representation == "summary":
        summary = pd.concat([_summary(stays) for stays in sets], ignore_index=True)
        data = pd.concat([summary, static], axis=1)
    elif representation == "hourly":
        data = np.concatenate([_hourly(stays) for stays in sets])
        extra["mask"] = ~np.isnan(data)
    else:
        data = pd.concat([_irregular(stays) for stays in sets], keys=range(len(sets)))
        before = np.cumsum([0, *(len(stays.record_id) for stays in sets)])
        stay = before[data.index.get_level_values(0)] + data.index.get_level_values(1).to_numpy()
        seconds = 60.0 * data.index.get_level_values(2).to_numpy()
        extra["timestamps"] = pd.Series(seconds, name="timestamp")
    feature_names = list(data.columns) if isinstance(data, pd.DataFrame) else VARIABLES
    death = outcomes["In-hospital_death"].to_numpy()[stay] == 1
    return make_dataset(
        data=data,
        target=make_target(len(data), health=np.where(death, "death", "normal")),
        groups=record_id[stay],
        modalities={"patient": feature_names},
        split_by="file",
        part=part[stay],
        protocol="Train on set a and test on set b of the challenge; one stay is one group.",
        descr=DESCR,
        feature_names=feature_names,
        return_X_y=return_X_y,
        static=static,
        subgroups=_subgroups(static).iloc[stay].reset_index(drop=True),
        **extra,
    )


def _subgroups(static: pd.DataFrame) -> pd.DataFrame:
    """Return age band, sex and unit of each stay."""
    edges = [*AGE_BANDS.values(), np.inf]
    sexes = pd.CategoricalDtype(["female", "male"])
    return pd.DataFrame(
        {
            "age": pd.cut(static["Age"], edges, right=False, labels=list(AGE_BANDS)),
            "sex": static["Gender"].map({0.0: "female", 1.0: "male"}).astype(sexes),
            "unit": static["ICUType"],
        }
    )


def _read_set(home: DataHome, letter: str, *, verify: bool) -> _Stays:
    expected = OUTCOMES_FILES[letter]
    outcomes = read_table(home, expected, verify=verify)
    outcomes = as_numbers(outcomes, expected.columns, home, expected).sort_values("RecordID")
    outcomes = outcomes.reset_index(drop=True)
    # Survival -1 means that no death is on record, the rest that a score is missing.
    outcomes[OUTCOMES] = outcomes[OUTCOMES].mask(outcomes[OUTCOMES] == -1)
    rows = _read_rows(home, letter, verify=verify)
    record_id = rows.loc[rows["variable"] == "RecordID", "value"].to_numpy().astype(np.int64)
    if not np.array_equal(record_id, outcomes["RecordID"].to_numpy()):
        strangers = sorted(set(record_id) ^ set(outcomes["RecordID"].astype(int)))
        raise _records_error(
            home,
            letter,
            f"records that are not those of Outcomes-{letter}.txt, "
            f"{len(strangers)} on one side only, such as {[int(one) for one in strangers[:3]]}",
        )
    rows["value"] = rows["value"].mask(rows["value"] == -1)
    return _Stays(record_id, outcomes, _static(rows, len(record_id)), _measurements(rows))


def _read_rows(home: DataHome, letter: str, *, verify: bool) -> pd.DataFrame:
    """Read the rows of all records: variable, value, number of the stay, minute."""
    records = _read_records(home, letter, verify=verify)
    body = b"".join(records[name][len(HEADER) :].lstrip() for name in sorted(records))
    try:
        rows = pd.read_csv(
            io.BytesIO(body),
            names=["time", "variable", "value"],
            dtype={"time": "category", "variable": "category", "value": "float64"},
        )
    except ValueError as error:
        raise _records_error(home, letter, f"a record that is no such table ({error})") from error
    known = {*VARIABLES, *DESCRIPTORS, "RecordID"}
    unknown = sorted(set(rows["variable"].cat.categories) - known)
    if unknown:
        raise _records_error(home, letter, f"the unknown variables {unknown[:8]}")
    starts = (rows["variable"] == "RecordID").to_numpy()
    if starts.sum() != len(records) or not starts[:1].all():
        raise _records_error(
            home, letter, f"{int(starts.sum())} RecordID rows in {len(records)} records"
        )
    minute = _minutes(rows.pop("time"), home, letter)
    return rows.assign(stay=np.cumsum(starts) - 1, minute=minute)


def _static(rows: pd.DataFrame, n_stays: int) -> pd.DataFrame:
    """Return a row per stay: age, gender, height and kind of unit."""
    static = (
        rows[rows["variable"].isin(DESCRIPTORS)]
        .astype({"variable": object})
        .pivot_table(index="stay", columns="variable", values="value", aggfunc="first", sort=True)
        .reindex(index=range(n_stays), columns=DESCRIPTORS)
        .rename_axis(index=None, columns=None)
    )
    return static.assign(ICUType=static["ICUType"].map(UNITS).astype(object))


def _measurements(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that hold a measurement: stay, minute, value, position of the variable."""
    code = pd.Index(VARIABLES).get_indexer(pd.Index(rows["variable"].astype(str)))
    keep = (code >= 0) & rows["value"].notna().to_numpy()
    return rows.loc[keep, ["stay", "minute", "value"]].assign(variable=code[keep])


def _read_records(home: DataHome, letter: str, *, verify: bool) -> dict[str, bytes]:
    """Read the stays' files, from the folder or from the archive of this set."""
    records = home.find_folder(f"set-{letter}", ".txt")
    if not records:
        archive = home.find(f"set-{letter}.tar.gz")
        if archive is None:
            raise _records_error(home, letter, f"neither of them ({home.listing()})")
        try:
            records = unpack_tar(archive, ".txt")
        except ValueError as error:
            raise _records_error(home, letter, str(error)) from error
    for name, content in records.items():
        if not content.startswith(HEADER):
            first = content[:60].split(b"\n")[0].decode(errors="replace")
            raise _records_error(home, letter, f"{name} with the header {first!r}")
    if verify:
        if len(records) != N_RECORDS:
            raise _records_error(home, letter, f"{len(records):,} records")
        digest = hashlib.sha256(b"".join(records[name] for name in sorted(records))).hexdigest()
        if digest != RECORDS_SHA256[letter]:
            raise _records_error(home, letter, f"altered records, sha256 {digest}")
    return {name: content.rstrip() + b"\n" for name, content in records.items()}


def _records_error(home: DataHome, letter: str, got: str) -> DataFileError:
    return ORIGIN.error(
        f"set-{letter}.tar.gz or set-{letter}/ in {home.path}",
        got,
        f"{N_RECORDS:,} records (.txt) with the columns {HEADER.decode()}, one for each row of "
        f"Outcomes-{letter}.txt, sha256 of their contents in the order of their names "
        f"{RECORDS_SHA256[letter]}",
        "verify=False skips the check of number and checksum.",
    )


def _minutes(time: pd.Series, home: DataHome, letter: str) -> npt.NDArray[np.int64]:
    """Turn hh:mm into minutes; only the 2,881 different texts are parsed."""
    texts = pd.Series(time.cat.categories.astype(str))
    parts = texts.str.extract(r"^(\d{2}):(\d{2})$").astype("float64")
    minutes = parts[0] * 60 + parts[1]
    wrong = texts[~(minutes <= N_HOURS * 60)]
    if len(wrong):
        raise _records_error(home, letter, f"the time {wrong.iloc[0]!r}, not within 00:00 to 48:00")
    codes = time.cat.codes.to_numpy()
    if (codes < 0).any():
        raise _records_error(home, letter, "a row without a time")
    return minutes.to_numpy().astype(np.int64)[codes]


def _summary(stays: _Stays) -> pd.DataFrame:
    """One row a stay: statistics of each variable."""
    # Records list their measurements in the order of time; a stable sort keeps ties.
    rows = stays.measurements.sort_values(["stay", "minute"], kind="stable")
    groups = rows.groupby(["stay", "variable"])["value"]
    shape = (len(stays.record_id), len(VARIABLES), len(STATISTICS))
    values = np.full(shape, np.nan)
    for position, statistic in enumerate(STATISTICS):
        column = groups.agg(statistic)
        stay, variable = (column.index.get_level_values(level) for level in (0, 1))
        values[stay, variable, position] = column
    counts = values[:, :, STATISTICS.index("count")]
    counts[np.isnan(counts)] = 0.0
    names = [f"{variable}_{statistic}" for variable in VARIABLES for statistic in STATISTICS]
    return pd.DataFrame(values.reshape(len(values), -1), columns=names)


def _hourly(stays: _Stays) -> npt.NDArray[np.float32]:
    """Mean of each hour; the value of minute 48:00 belongs to the last hour."""
    rows = stays.measurements
    hour = np.minimum(rows["minute"].to_numpy() // 60, N_HOURS - 1)
    shape = (len(stays.record_id), N_HOURS, len(VARIABLES))
    cell = np.ravel_multi_index((rows["stay"].to_numpy(), hour, rows["variable"].to_numpy()), shape)
    means = rows["value"].groupby(cell).mean()
    values = np.full(shape, np.nan, dtype=np.float32)
    values.ravel()[means.index.to_numpy()] = means.to_numpy()
    return values


def _irregular(stays: _Stays) -> pd.DataFrame:
    """One row for each stay and minute with a measurement, the mean of several in one."""
    table = stays.measurements.pivot_table(
        index=["stay", "minute"], columns="variable", values="value", aggfunc="mean"
    )
    return table.reindex(columns=range(len(VARIABLES))).set_axis(VARIABLES, axis=1)
