"""The card as a reader finds it: sections, numbers, and what was not stated."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from skdualcnn import FusionDecider, TunedFusionDecider, make_fusion_preprocessor
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.datasets import load_physionet2012
from skdualcnn.exceptions import MissingPackageError
from skdualcnn.model_card import make_model_card, write_model_card

pytest.importorskip("skops.card", reason="skops is not installed")

SECTIONS = [
    "Model",
    "Intended use",
    "Data",
    "Protocol",
    "Operating point",
    "Performance",
    "Calibration",
    "Subgroups",
    "Decisions",
    "Limits",
    "Made with",
]
FIRMWARE = {
    "parameters": 21_000,
    "multiply_adds": 90_000,
    "flash_bytes": {"constants": 24_000, "code": 8_000},
    "ram_bytes": 3_000,
    "stack_bytes": None,
    "activation_bits": 16,
    "digest": "abc",
    "targets": {
        "rv32imc": {"O2": {"code_bytes": 7_000, "constant_bytes": 24_000, "stack_bytes": None}}
    },
    "fidelity": {"identical": 0.9987, "rows": 1_000},
}


def make(decider, held_out, **changed):
    given = {"groups": held_out.groups, "n_resamples": 50, **changed}
    return make_model_card(decider, held_out.X, held_out.y, **given)


def cells(card, section, first):
    """Return the cells of the row of a section's table that begins with a word."""
    for line in card.select(f"Model card/{section}").format().splitlines():
        found = [cell.strip() for cell in line.strip("|").split("|")]
        if found[0] == first:
            return found
    raise AssertionError(f"{section} has no row {first!r}")


@pytest.fixture(scope="module")
def card(ward, decider, held_out):
    return make(
        decider,
        held_out,
        subgroups={"device": held_out.X["device_type"]},
        modalities=ward.modalities,
        data=ward.DESCR,
        protocol=ward.protocol,
        limits="Never tried on children.",
        firmware=FIRMWARE,
    )


def test_every_section_is_there_in_its_order(card):
    headings = re.findall(r"^## (.+)$", card.render(), re.M)
    assert headings == [*SECTIONS[:-2], "Firmware", *SECTIONS[-2:]]
    subheadings = re.findall(r"^### (.+)$", card.render(), re.M)
    assert "Test rows" in subheadings
    assert subheadings.count("health") == subheadings.count("cyber") == 3


def test_figures_are_those_of_the_test_rows(card, decider, held_out):
    scores = decider.decision_function(held_out.X)
    for role, head in enumerate(("health", "cyber")):
        area = roc_auc_score(held_out.y[head] != "normal", scores[:, role])
        _, value, interval, _ = cells(card, f"Performance/{head}", "ROC-AUC")
        assert value == f"{area:.3f}"
        low, high = map(float, interval.split(" to "))
        assert low <= round(area, 3) <= high
    assert cells(card, "Calibration/health", "ECE")[1] != "–"


def test_subgroups_have_figures_of_their_own(card, decider, held_out):
    here = (held_out.X["device_type"] == "wearable").to_numpy()
    _, rows, _, events, area, *_ = cells(card, "Subgroups/health", "device: wearable")
    event = (held_out.y["health"] != "normal").to_numpy()[here]
    assert (int(rows), int(events)) == (here.sum(), event.sum())
    score = decider.decision_function(held_out.X)[here, 0]
    assert area.startswith(f"{roc_auc_score(event, score):.3f}")


def test_decisions_add_up_to_the_rows(card, decider, held_out):
    total, right = 0, 0
    for state in ("normal", "medical", "cyber", "both"):
        counts = [int(one) for one in cells(card, "Decisions", state)[1:-1]]
        total += sum(counts)
        right += counts[["normal", "medical", "cyber", "both", "uncertain"].index(state)]
    assert total == len(held_out.X)
    assert right / total == pytest.approx(decider.score(held_out.X, held_out.y))


def test_operating_point_and_firmware_are_stated(card):
    assert cells(card, "Operating point", "thresholds")[1] == "0.5"
    firmware = card.select("Model card/Firmware").format()
    assert "RAM: 3,000 bytes" in firmware
    assert "99.87% of 1,000 answers identical" in firmware
    assert "stack" not in firmware
    assert cells(card, "Firmware/Targets", "rv32imc")[2:] == ["7,000", "24,000", "–"]


@pytest.mark.parametrize(("share", "shown"), [(0.99999, "over 99.99%"), (1.0, "100.00%")])
def test_nearly_all_is_not_called_all(decider, held_out, share, shown):
    firmware = {**FIRMWARE, "fidelity": {"identical": share, "rows": 100_000}}
    text = make(decider, held_out, firmware=firmware).select("Model card/Firmware").format()
    assert f"- {shown} of 100,000 answers identical" in text


def test_a_decider_that_holds_another_is_read_through(decider, held_out):
    careful = ConformalFusionDecider(
        FrozenEstimator(decider), confidence_level=0.6, class_conditional=False
    )
    card = make(careful.fit(held_out.X, held_out.y), held_out)
    assert cells(card, "Operating point", "confidence_level")[1] == "0.6"
    assert cells(card, "Operating point", "thresholds")[1] == "0.5"
    said = careful.predict(held_out.X)
    assert f"{(said == 'uncertain').mean():.1%} of the rows are `uncertain`" in card.render()


def test_settings_of_one_name_are_told_apart(held_out):
    decider = FusionDecider(MultiOutputClassifier(LogisticRegression()))
    X, y = held_out.X[["heart_rate"]].fillna(0), held_out.y
    tuned = TunedFusionDecider(decider, thresholds=3, cv=2, n_resamples=1)
    careful = ConformalFusionDecider(tuned, confidence_level=0.6, random_state=0).fit(X, y)
    text = make_model_card(careful, X, y, n_resamples=1).render()
    found = re.findall(r"\| +(\w+) +\| +(.+?) +\| +(\w+) +\|\n", text)
    assert ("confidence_level", "0.6", "ConformalFusionDecider") in found
    assert ("confidence_level", "0.95", "TunedFusionDecider") in found
    assert ("cv", "2", "TunedFusionDecider") in found
    assert ("cv", "None", "FusionDecider") in found
    chosen = repr(careful.decider_.best_params_["thresholds"])
    assert ("thresholds", chosen, "FusionDecider") in found
    assert ("thresholds", "3", "TunedFusionDecider") in found


def test_what_was_not_stated_is_said(decider, held_out):
    text = make(decider, held_out, groups=None).render()
    assert "## Data\n\nNot stated." in text
    assert "Not stated by the authors of this model" in text
    assert "None were given" in text
    assert "Rows were taken as independent" in text
    assert "## Firmware" not in text


def test_limits_that_the_rows_show_are_listed(card, decider, held_out):
    limits = card.select("Model card/Limits").content
    assert limits.startswith("Never tried on children.")
    assert "health: 4 groups; intervals from so few are too narrow" in limits
    silent = type(decider)(decider.estimator, thresholds=1.0).fit(held_out.X, held_out.y)
    found = make(silent, held_out).select("Model card/Limits").content
    assert "health: no row raises its alert at this operating point" in found


def test_subgroups_with_few_rows_of_either_kind_are_listed(decider, held_out):
    event = (held_out.y["health"] != "normal").to_numpy()
    few = {
        "ill": event & (event.cumsum() <= 12),
        "well": ~event & ((~event).cumsum() <= 12),
    }
    parts = np.select(list(few.values()), list(few), "both")
    found = make(decider, held_out, subgroups={"kind": parts}).select("Model card/Limits").content
    assert "health, by kind: fewer than 10 rows that are not normal in well (0); their" in found
    assert "health, by kind: fewer than 10 rows that are normal in ill (0); their" in found


def test_labels_may_be_missing_and_of_an_array(decider, held_out):
    y = held_out.y.to_numpy(dtype=object, copy=True)
    y[:, 1] = None
    card = make_model_card(decider, held_out.X, y, n_resamples=5)
    assert cells(card, "Performance/cyber", "ROC-AUC")[1:3] == ["–", "–"]
    assert cells(card, "Performance/health", "ROC-AUC")[1] != "–"
    assert card.select("Model card/Decisions").format().endswith(":---: |")  # no row


def test_text_cannot_break_the_tables(decider, held_out):
    device = np.where(held_out.X["device_type"] == "wearable", "a|b\nc", "<i>d")
    card = make(decider, held_out, subgroups={"x/y": device}, title="beds 1/2")
    assert card.render().startswith("\n# beds 1/2\n")
    table = card.select("beds 1\\/2/Subgroups/health").format()
    assert "x/y: a\\|b c" in table
    assert "x/y: &lt;i>d" in table


def test_names_are_shown_as_they_stand(held_out):
    y = held_out.y.replace("normal", "`ok`").rename(columns={"health": "_ill_/*sick*"})
    X = np.random.default_rng(0).random((len(y), 2))
    heads = MultiOutputClassifier(LogisticRegression())
    fitted = FusionDecider(heads, normal="`ok`")
    columns = {"spo_2*": ["resp_rate", "_hr_", "a\\b", "~5~", "x__y"]}
    card = make_model_card(fitted.fit(X, y), X, y, modalities=columns, n_resamples=5)
    text = card.render()
    assert "- head \\_ill\\_/\\*sick\\*, normal class \\`ok\\`\n" in text
    assert "- spo_2\\*: resp_rate, \\_hr\\_, a\\\\b, \\~5\\~, x\\_\\_y\n" in text
    assert text.count("### \\_ill\\_/\\*sick\\*\n") == 2
    assert cells(card, "Data/Test rows", "\\_ill\\_/\\*sick\\*")[1] == "\\`ok\\`"


def test_a_card_is_written_whole_and_repeats(tmp_path, card, decider, held_out):
    path = write_model_card(tmp_path / "card.md", card)
    assert [one.name for one in tmp_path.iterdir()] == ["card.md"]
    assert path.read_text(encoding="utf-8").startswith("# Model card\n")
    assert make(decider, held_out).render() == make(decider, held_out).render()


def test_the_level_is_not_rounded(decider, held_out):
    given = {"confidence_level": 0.975, "subgroups": {"patient": held_out.groups}}
    text = make(decider, held_out, **given).render()
    assert text.count(" 97.5% interval ") == 4  # two tables a head
    assert "Value and 97.5% interval" in text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_resamples": 0}, "n_resamples=0, expected"),
        ({"n_resamples": 9.5}, "n_resamples=9.5, expected"),
        ({"confidence_level": 95}, "confidence_level=95, expected"),
        ({"groups": [1, 2]}, "inconsistent numbers of samples"),
    ],
)
def test_wrong_numbers_are_refused(decider, held_out, changed, message):
    with pytest.raises(ValueError, match=message):
        make(decider, held_out, **changed)


def test_a_row_without_a_group_is_refused(decider, held_out):
    groups = held_out.groups.astype(object).where(held_out.groups != held_out.groups.iloc[0], None)
    with pytest.raises(ValueError, match="rows have no group, such as row 0"):
        make(decider, held_out, groups=groups)


def test_labels_of_another_kind_are_refused(decider, held_out):
    with pytest.raises(ValueError, match=r"The labels of the health head are .* expected its"):
        make_model_card(decider, held_out.X, held_out.y.assign(health=1))


def test_rows_may_be_lists_and_the_decider_inside_a_search():
    X = np.random.default_rng(0).random((60, 2))
    y = (X[:, 0] > 0.5).astype(int)
    search = GridSearchCV(FusionDecider(LogisticRegression()), {"delta": [0.1, 0.2]}, cv=2)
    card = make_model_card(search.fit(X, y), X.tolist(), y, n_resamples=10)
    assert "- 2 columns" in card.select("Model card/Model").content
    with pytest.raises(TypeError, match="Got a LogisticRegression, expected a fitted Fusion"):
        make_model_card(LogisticRegression().fit(X, y), X, y)


def test_without_skops_the_error_says_what_to_install(decider, held_out, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skops.card", None)
    with pytest.raises(MissingPackageError, match=r"skdualcnn\[card\]"):
        make(decider, held_out)


def test_physionet_by_age_sex_and_unit(real_data):
    stays = load_physionet2012(real_data, subset="b")
    columns = [f"{name}_last" for name in ("GCS", "BUN", "HR", "Temp")] + ["Age"]
    X, y, train = stays.data[columns], stays.target["health"], np.arange(4000) < 2000
    pipeline = make_pipeline(make_fusion_preprocessor(patient=columns), LogisticRegression())
    decider = FusionDecider(pipeline).fit(X[train], y[train])
    card = make_model_card(
        decider, X[~train], y[~train], subgroups=stays.subgroups[~train], n_resamples=20
    )
    table = card.select("Model card/Subgroups/health").format()
    rows = {}
    for line in table.splitlines()[2:]:
        name, count, *_ = [cell.strip() for cell in line.strip("|").split("|")]
        rows[name] = int(count.replace(",", ""))
    divisions = pd.Series(rows).groupby(lambda name: name.split(":")[0]).sum()
    assert divisions.to_dict() == {"age": 2000, "sex": 2000, "unit": 2000}
    assert {"age: 80 and over", "sex: female", "unit: medical"} <= set(rows)
