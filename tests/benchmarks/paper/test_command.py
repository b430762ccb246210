"""The whole command on small data: pages, resuming, and files in the ICU format."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils import Bunch

import skdualcnn._studies as studies
from benchmarks import paper
from benchmarks.paper import command, robustness, training, work
from benchmarks.paper.jobs import Job, Settings
from benchmarks.paper.models import make_models
from benchmarks.paper.work import perform
from skdualcnn._studies import OURS, STUDIES
from skdualcnn.baselines import make_baselines
from skdualcnn.datasets import load_icu_security, make_ward
from skdualcnn.exceptions import DataFileError

FAST = ("majority class", "logistic regression", "decision tree", "SVM (RBF)")
SETTINGS = Settings(True, (0,), None, None, 40, 100, ("decision tree",))
SECTIONS = (
    "Models (tables 4 and 6)",
    "Significance (McNemar, DeLong)",
    "Classes, confusion, curves (figs. 2, 3 and 5)",
    "Training (fig. 1, table 1)",
    "Five folds (table 2, fig. 4)",
    "Modalities (table 3)",
    "Calibration (fig. 6, table 5)",
    "Noise and missing values (section 9)",
    "Fusion and alerts",
)


@pytest.fixture
def few_models(monkeypatch):
    """The whole command without its slow models."""

    def fast(*given, **options):
        models = make_baselines(*given, **options)
        return {name: models[name] for name in FAST}

    def small_ward(_, seed):
        return make_ward(n_patients=5, hours=3.0, freq="4min", random_state=seed)

    monkeypatch.setattr(studies, "make_baselines", fast)
    monkeypatch.setattr(Settings, "choose", lambda **_: SETTINGS)
    for module in (work, robustness):  # one level instead of four
        monkeypatch.setattr(module, "LEVELS", (0.3,))
    monkeypatch.setitem(STUDIES, "ward", replace(STUDIES["ward"], load=small_ward))


def rerun(names, folder, out, **options):
    given = {"n_seeds": 2, "quick": True, "command": "the command", "skip_missing": False}
    return paper.run(names, folder, out, **{**given, **options})


def count_jobs(monkeypatch, stop_after=None):
    done = []

    def counted(job, *given):
        if len(done) == stop_after:
            raise KeyboardInterrupt
        done.append(job)
        return perform(job, *given)

    monkeypatch.setattr(command, "perform", counted)
    return done


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch, few_models, capsys):
    monkeypatch.setattr(command, "write_pages", lambda *given: [])
    monkeypatch.setattr(work, "KINDS", ("both",))
    monkeypatch.setattr(work, "_deploy", lambda *given: {"refused": "not tried here"})
    out = tmp_path / "out"
    done = count_jobs(monkeypatch, stop_after=9)
    with pytest.raises(KeyboardInterrupt):
        rerun(["ward"], tmp_path, out)
    assert len(list(out.rglob("*.npz"))) == len(done) == 9
    assert "\n9 of 37, ward paper, " in capsys.readouterr().out

    before, done = list(done), count_jobs(monkeypatch)
    first = rerun(["ward"], tmp_path, out)["ward"]
    # Two protocols of five models, a temperature, six sets of modalities, curves and five folds;
    # the deployment.
    assert len(before) + len(done) == 2 * (5 + 1 + 6 + 1 + 5) + 1
    assert not set(before) & set(done)

    # Nothing is left to do; then one file is lost and one is cut short.
    done.clear()
    rerun(["ward"], tmp_path, out)
    assert done == []
    lost, cut = sorted(out.rglob("*decision_tree*.npz"))[:2]
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:100])
    again = rerun(["ward"], tmp_path, out)["ward"]
    assert {job.model for job in done} == {"decision tree"}
    assert len(done) == 2
    for one, other in zip(first.outcomes, again.outcomes, strict=True):
        assert one.job == other.job
        for head in one.heads:
            np.testing.assert_array_equal(one.probability[head], other.probability[head])

    # Other settings are other jobs.
    monkeypatch.setattr(Settings, "choose", lambda **_: replace(SETTINGS, perturbed_rows=50))
    done = count_jobs(monkeypatch, stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        rerun(["ward"], tmp_path, out)
    assert done == before[:1]


@pytest.fixture
def two_seeds(monkeypatch, few_models):
    whole = replace(SETTINGS, seeds=(0, 1), fold_models=(OURS, "decision tree"))
    monkeypatch.setattr(Settings, "choose", lambda **_: whole)


@pytest.mark.slow
# A network that has hardly learnt anything has no temperature that suits it.
@pytest.mark.filterwarnings("ignore:A temperature ended at the bound of its search")
def test_pages(tmp_path, two_seeds):
    out = tmp_path / "out"
    results = rerun(["ward"], tmp_path, out)["ward"]
    text = (out / "paper.md").read_text()
    document = json.loads((out / "paper.json").read_text())
    for protocol in ("paper", "honest"):
        page = (out / f"ward_{protocol}.html").read_text()
        assert "These data are simulated" in page
        titles = [one["title"] for one in document["data"]["ward"][protocol]["sections"]]
        assert titles[: len(SECTIONS)] == list(SECTIONS)
        assert all(title in page and f"## {title}" in text for title in SECTIONS)
        name = "the paper's protocol" if protocol == "paper" else "the honest protocol"
        assert f"**Models on the cyber head, {name}**" in text
    assert titles[-1] == "Deployment (table 3)"
    for line in text.splitlines():
        if line.startswith("!["):
            assert (out / line.split("(")[-1].rstrip(")")).stat().st_size > 5000
    assert "the command" in text
    assert "simulated ward, honest protocol. Health head: by mean ROC-AUC our network" in text
    assert "MiniRocket is left out" in text
    # What a table says is what the outcomes say.
    (first, *_) = document["data"]["ward"]["honest"]["sections"]
    rows = {row[0]: row for row in first["tables"][0]["rows"]}
    areas = [one["roc_auc"] for one in results.metrics("honest", "decision tree", "health")]
    assert rows["decision tree"][5].startswith(f"{np.mean(areas):.3f} ± ")
    check_numbers(document["data"]["ward"]["honest"])


def check_numbers(page):
    """Check that the JSON of a page has as numbers what its tables have as text."""
    run = next(one for one in page["runs"] if one["part"] == "test" and one["head"] == "cyber")
    confusion = np.array(run["confusion"])
    assert confusion.shape == (len(run["classes"]),) * 2
    assert np.trace(confusion) / confusion.sum() == pytest.approx(run["accuracy"])
    assert {(row["kind"], row["level"]) for row in run["robustness"]} >= {("both", 0.3)}
    assert {one["against"] for one in page["comparisons"]} == set(FAST)
    for one in [*page["comparisons"], *page["modalities"]]:
        assert one["p_values_holm"]["exact"] >= one["p_values"]["exact"]
    assert 0 <= page["decisions"][0]["anomaly"] <= page["decisions"][0]["oracle"] <= 1
    assert "found" in page["decisions"][0]["alarms"]
    assert len(page["calibration"]["cyber"][OURS]) == 2  # seeds
    assert len(page["history"]["epoch"]) == 3


@pytest.mark.slow
def test_files_in_the_icu_format(icu_folder, tmp_path, monkeypatch, few_models):
    def load(folder, _):
        return load_icu_security(folder, verify=False)  # generated files are short

    monkeypatch.setitem(STUDIES, "icu_security", replace(STUDIES["icu_security"], load=load))
    out = tmp_path / "out"
    rerun(["icu_security"], icu_folder, out)
    text = (out / "paper.md").read_text()
    assert "of the same files, but not of the same columns or rows" in text
    assert "A quick run trains and tests on fewer rows" in text
    assert "All columns are of one modality, network" in text
    assert "Only the cyber head has labels here" in text
    document = json.loads((out / "paper.json").read_text())["data"]["icu_security"]
    for protocol in ("paper", "honest"):
        models = {run["model"] for run in document[protocol]["runs"]}
        assert models == {OURS, *FAST}
    deployment = document["honest"]["sections"][-1]
    assert deployment["tables"][0]["rows"][0][0] == "parameters"


def test_all_leaves_out_what_is_not_there(tmp_path, few_models, capsys):
    results = rerun(["wustl_ehms"], tmp_path, tmp_path / "out", skip_missing=True)
    assert results == {}
    assert "wustl_ehms left out" in capsys.readouterr().out
    with pytest.raises(DataFileError):
        rerun(["wustl_ehms"], tmp_path, tmp_path / "out")


def test_an_svm_takes_a_class_of_two_rows(few_models):
    ward = make_ward(n_patients=4, hours=2.0, random_state=0)
    rare = ward.target["cyber"].copy()
    rare.iloc[ward.groups.index[ward.groups == 0][:2]] = "probe"
    dataset = Bunch(**{**ward, "target": ward.target.assign(cyber=rare)})
    job = Job("ward", "paper", "test", "SVM (RBF)", 0)
    decider = make_models(STUDIES["ward"], dataset, SETTINGS, 0)[0][job.model]
    one = perform(job, decider, STUDIES["ward"], dataset, SETTINGS, {})
    assert one.facts["classes"]["cyber"].count("probe") == 1
    np.testing.assert_allclose(one.probability["cyber"].sum(axis=1), 1)


def test_a_parameter_with_parameters_stays_in_one_row_of_a_table(few_models):
    ward = make_ward(n_patients=3, hours=2.0, random_state=0)
    decider = make_models(STUDIES["ward"], ward, SETTINGS, 0)[0][OURS]
    teacher = HistGradientBoostingClassifier(
        max_iter=2, max_leaf_nodes=4, l2_regularization=1.0, learning_rate=0.05
    )
    decider.set_params(estimator__dualpathcnnclassifier__teacher=teacher)
    job = Job("ward", "paper", "test", OURS, 0)
    one = perform(job, decider, STUDIES["ward"], ward, SETTINGS, {})
    said = one.facts["parameters"]["teacher"]
    assert said.startswith("HistGradientBoostingClassifier(")
    assert "\n" not in said
    assert one.facts["parameters"]["epochs run"] == 3
    # Table 1 has what `architecture` supplies, and what the paper says of it.
    rows = {row[0]: row[1:] for row in training._table(one.facts).rows}
    assert rows["conv_channels"] == ["(64,)", "–"]
    assert rows["conv_dropout"] == ["0.3", "0.3, 0.5"]
    assert rows["dense_dropout"] == ["0.5", "0.3, 0.5"]
    assert rows["activation"] == ["leaky_relu", "LeakyReLU, sigmoid"]
