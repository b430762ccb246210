"""train, evaluate, export and leakage, on the ward and on a file of one's own."""

import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import (
    DualPathCNNClassifier,
    FusionDecider,
    TunedFusionDecider,
    load,
    make_fusion_decider,
    make_fusion_preprocessor,
    save,
)
from skdualcnn._cli import COMMANDS, main
from skdualcnn._compiler import find_compiler
from skdualcnn._persistence import save_trained
from skdualcnn._studies import STUDIES
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.datasets import make_ward

OWN = [
    *("--csv", "beds.csv", "--groups", "bed", "--patient", "heart_rate", "spo2"),
    *("--network", "packet_rate", "protocol", "--health", "health", "--cyber", "attack"),
]
PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"
WORDS = ["--csv", "beds.csv", "--patient", "spo2", "--health", "checked"]


@pytest.fixture(scope="module")
def beds():
    ward = make_ward(n_patients=6, hours=3, random_state=0)
    attack = (ward.target["cyber"] != "normal").astype(float)
    attack[:30] = np.nan  # numbers, some of them missing
    checked = np.where(ward.target["health"] == "normal", "ok", "ill")
    return ward.data.assign(
        health=ward.target["health"],
        checked=checked,
        attack=attack,
        bed=ward.groups.to_numpy(),
        ward=np.where(np.arange(len(attack)) < 30, None, "first"),
    )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch, beds):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKDUALCNN_DATA", raising=False)
    beds.to_csv("beds.csv", index=False)
    return tmp_path


def run(capsys, *arguments):
    """Return the exit code, standard output and standard error."""
    try:
        code = main([str(one) for one in arguments])
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    return code, said.out, " ".join(said.err.split())


def test_from_a_file_of_ones_own_to_c(capsys, elsewhere, beds):
    train = ["train", *OWN, "--architecture", "compact", "--epochs", 2, "--out", "own.skdualcnn"]
    code, out, _ = run(capsys, *train)
    assert code == 0
    assert "written: own.skdualcnn" in out
    assert re.search(r"^cyber: 0 \d+, 1 \d+, no label 30$", out, re.M)
    decider = load("own.skdualcnn")
    assert decider.estimator_[-1].architecture == "compact"
    assert decider.normal_ == ("normal", 0)
    assert len(decider.predict(beds)) == len(beds)

    own = ["own.skdualcnn", "--csv", "beds.csv"]  # the file knows the columns
    scored = ["evaluate", *own, "--json", "own.json", "--html", "own.html"]
    code, out, _ = run(capsys, *scored)
    assert code == 0
    figures = json.loads((elsewhere / "own.json").read_text())
    assert [head["name"] for head in figures["heads"]] == ["health", "cyber"]
    assert figures["protocol"]["test_rows"] == 360  # two beds of six
    area = figures["heads"][1]["models"][0]["roc_auc"]
    assert f"{area:.3f}" in out
    assert (elsewhere / "own.html").read_text().startswith("<!doctype html>")

    check = [] if find_compiler() else ["--no-check"]
    code, out, _ = run(capsys, "export", *own, *check)
    assert code == 0
    assert list((elsewhere / "firmware" / "src").glob("ward_monitor*.c"))
    assert check or "360 of 360 rows identical" in out

    pytest.importorskip("skops.card", reason="skops is not installed")
    firmware = ["--firmware", elsewhere / "firmware" / "report.json"]
    assert run(capsys, *scored[:-4], "--card", "own.md", *firmware)[0] == 0
    card = (elsewhere / "own.md").read_text(encoding="utf-8")
    assert card.startswith("# own.skdualcnn on beds.csv")
    assert "360 rows of 2 groups" in card
    assert json.loads(firmware[1].read_text())["digest"] in card


def test_the_commands_of_the_page_on_a_file_of_ones_own_run(capsys):
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    (block,) = (one for one in blocks if "--csv" in one)
    commands = [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]
    for python, module, package, *arguments in commands:
        assert (python, module, package) == ("python", "-m", "skdualcnn")
        check = ["--no-check"] if arguments[0] == "export" and not find_compiler() else []
        assert run(capsys, *arguments, *check)[0] == 0


def test_the_class_that_means_normal_can_be_named(capsys):
    arguments = ["train", *WORDS, "--cyber", "attack", "--normal", "ok", "--epochs", 1]
    assert run(capsys, *arguments)[0] == 0
    assert load("model.skdualcnn").normal_ == ("ok", 0)


def test_an_export_says_that_the_model_is_of_other_data(capsys):
    assert run(capsys, "train", *WORDS, "--normal", "ok", "--epochs", 1)[0] == 0
    other = ["--csv", "beds.csv", "--cyber", "attack"]  # it has one head
    code, _, err = run(capsys, "export", "model.skdualcnn", *other)
    assert code == 2
    assert "model.skdualcnn does not fit beds.csv: " in err


def test_columns_are_of_the_kind_that_the_model_knows(capsys, beds):
    assert run(capsys, "train", *OWN, "--epochs", 1)[0] == 0
    first = beds["protocol"][0]
    for changed, message in (
        (beds.assign(protocol=1), "'protocol' holds numbers such as 1 in row 1, expected categ"),
        (beds.assign(spo2=first), f"'spo2' holds categories such as {first!r} in row 1, expected"),
    ):
        changed.to_csv("beds.csv", index=False)
        for command in ("evaluate", "export"):
            code, _, err = run(capsys, command, "model.skdualcnn", "--csv", "beds.csv")
            assert code == 2
            assert message in err


def test_an_interrupted_training_replaces_no_model(capsys, elsewhere, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    (elsewhere / "model.skdualcnn").write_text("earlier")
    monkeypatch.setattr("skorch.NeuralNet.train_step", interrupt)
    code, _, err = run(capsys, "train", *OWN, "--epochs", 2)
    assert code == 130
    assert err.endswith("skdualcnn train: interrupted; no file is half written")  # under the bar
    assert (elsewhere / "model.skdualcnn").read_text() == "earlier"


def test_a_model_knows_the_rows_it_was_trained_on(capsys, beds):
    assert run(capsys, "train", *OWN, "--epochs", 1, "--seed", 3)[0] == 0
    known = ["evaluate", "model.skdualcnn", "--csv", "beds.csv", "--json"]
    assert run(capsys, *known, "known.json")[0] == 0
    told = ["--groups", "bed", "--health", "health", "--cyber", "attack", "--seed", 3]
    assert run(capsys, *known, "told.json", *told)[0] == 0
    beds.rename(columns={"attack": "intrusion"}).to_csv("beds.csv", index=False)
    assert run(capsys, *known, "renamed.json", "--cyber", "intrusion")[0] == 0
    known, told, renamed = (
        {**json.loads(Path(f"{name}.json").read_text()), "command": "", "environment": ""}
        for name in ("known", "told", "renamed")
    )
    assert known["seed"] == 3
    assert "does not say" not in known["protocol"]["held_out"]
    assert known == told == renamed
    code, _, err = run(capsys, "evaluate", "model.skdualcnn")
    assert code == 2
    assert "model.skdualcnn was trained on a CSV file; expected --csv FILE" in err


def test_a_model_of_a_known_data_set_knows_its_name_and_seed(capsys, monkeypatch):
    tiny = make_ward(n_patients=6, hours=3, freq="2min", random_state=0)
    seeds = []
    study = dataclasses.replace(STUDIES["ward"], load=lambda _, seed: seeds.append(seed) or tiny)
    monkeypatch.setitem(STUDIES, "nsl_kdd", study)
    told = ["--data", "nsl_kdd", "--data-dir", "."]
    assert run(capsys, "train", *told, "--epochs", 1, "--seed", 5)[0] == 0
    assert run(capsys, "evaluate", "model.skdualcnn", "--data-dir", ".")[0] == 0
    assert seeds == [5, 5]
    code, _, err = run(capsys, "evaluate", "model.skdualcnn", "--csv", "beds.csv")
    assert code == 2
    assert "beds.csv has no column 'cyber'; it has " in err


@pytest.mark.parametrize(
    "noted",
    [
        {"data": "mimic"},
        {"health": ["spo2"]},
        {"seed": "0"},
        {"window": 0},
        {"path": "beds.csv"},
    ],
)
def test_what_train_does_not_note_is_refused(capsys, noted):
    save_trained(FusionDecider(DualPathCNNClassifier()), "model.skdualcnn", noted)
    code, _, err = run(capsys, "evaluate", "model.skdualcnn", "--csv", "beds.csv")
    assert code == 2
    assert "model.skdualcnn does not say what it was trained on as train does" in err


def test_training_is_repeated_by_its_seed(capsys):
    for name in ("a", "b"):
        assert run(capsys, "train", *OWN, "--epochs", 1, "--out", name)[0] == 0
    first, second = (load(name).estimator_[-1] for name in ("a", "b"))
    for one, other in zip(
        first.net_.module_.parameters(), second.net_.module_.parameters(), strict=True
    ):
        assert (one == other).all()


def test_a_reader_that_stops_early_stops_nothing_else(elsewhere):
    command = [sys.executable, "-m", "skdualcnn", "leakage", *OWN, "--split", "random"]
    for more in (["--json"], []):
        end, start = os.pipe()
        os.close(end)
        done = subprocess.run(
            [*command, "--strict", *more], check=False, stdout=start, stderr=subprocess.PIPE
        )
        os.close(start)
        assert (done.returncode, b"Error" in done.stderr) == (4, False)


def test_all_rows_of_one_group_are_scored(capsys, beds):
    assert run(capsys, "train", *OWN, "--epochs", 1)[0] == 0
    beds[beds["bed"] == beds["bed"][0]].to_csv("beds.csv", index=False)
    new = ["evaluate", "model.skdualcnn", "--csv", "beds.csv"]
    assert run(capsys, *new)[0] == 2
    code, out, _ = run(capsys, *new, "--all")
    assert code == 0
    assert "test 180 rows; held out: nothing: all rows are scored" in " ".join(out.split())


def test_without_groups_the_last_fifth_is_held_out(capsys):
    arguments = ["--csv", "beds.csv", "--network", "packet_rate", "failed_logins", "error_count"]
    arguments += ["--cyber", "attack"]
    code, out, _ = run(capsys, "train", *arguments, "--epochs", 1)
    assert code == 0
    assert "864 training rows, 216 held out" in out


def test_windows_keep_the_groups_of_a_file_apart(capsys, beds):
    mixed = beds.sort_index(key=lambda rows: rows % 180, kind="stable")  # beds take turns
    mixed.assign(bed=[f"bed {one}" for one in mixed["bed"]]).to_csv("beds.csv", index=False)
    train = ["train", *OWN, "--window", 4, "--vital-changes", "--epochs", 1]
    assert run(capsys, *train)[0] == 0
    decider = load("model.skdualcnn")
    windows = decider.estimator_[-2]
    assert (windows.length, windows.by, windows.changes) == (4, -1, (0, 1))
    apart = [decider.predict(rows) for _, rows in beds.groupby("bed")]
    assert (decider.predict(beds) == np.concatenate(apart)).all()
    assert (decider.predict(mixed) == decider.predict(beds)[mixed.index]).all()

    known = ["evaluate", "model.skdualcnn", "--csv", "beds.csv", "--json"]
    assert run(capsys, *known, "known.json")[0] == 0
    check = [] if find_compiler() else ["--no-check"]
    code, out, _ = run(capsys, "export", *known[1:-1], *check)
    assert code == 0
    assert check or "360 of 360 rows identical" in out
    mixed.rename(columns={"bed": "room"}).to_csv("beds.csv", index=False)
    assert run(capsys, *known, "renamed.json", "--groups", "room")[0] == 0
    known, renamed = (json.loads(Path(name).read_text()) for name in ("known.json", "renamed.json"))
    assert known["data"]["columns"] == 4
    assert known["heads"] == renamed["heads"]


def test_windows_of_a_recording_are_drawn_as_stretches(capsys):
    arguments = ["--csv", "beds.csv", "--patient", "spo2", "heart_rate", "--cyber", "attack"]
    code, out, _ = run(capsys, "train", *arguments, "--window", 8, "--epochs", 1)
    assert code == 0
    assert "880 training rows, 200 held out" in out  # eleven stretches of ten windows
    assert load("model.skdualcnn").estimator_[-2].by is None
    scored = ["evaluate", "model.skdualcnn", "--csv", "beds.csv", "--json", "own.json"]
    assert run(capsys, *scored)[0] == 0
    assert "the 3 test groups were drawn" in json.loads(Path("own.json").read_text())["intervals"]


@pytest.mark.parametrize(("window", "stretch"), [(1, 1), (4, 40)])
def test_python_with_the_same_groups_answers_as_the_command_does(capsys, beds, window, stretch):
    arguments = ["--csv", "beds.csv", "--network", "packet_rate", "protocol", "--cyber", "attack"]
    arguments += ["--window", window, "--epochs", 1, "--seed", 3]
    code, out, _ = run(capsys, "train", *arguments)
    assert code == 0
    columns = ["packet_rate", "protocol"]
    X = beds[columns][: int(re.search(r"(\d+) training rows", out)[1])]
    decider = make_fusion_decider(X, network=columns, window=window, random_state=3)
    decider.set_params(estimator__dualpathcnnclassifier__max_epochs=1)
    decider.fit(X, beds[["attack"]][: len(X)], groups=np.arange(len(X)) // stretch)
    told = load("model.skdualcnn")
    assert np.array_equal(decider.predict_proba(beds), told.predict_proba(beds))


def test_leakage_says_what_a_random_split_lets_through(capsys):
    code, out, _ = run(capsys, "leakage", *OWN, "--split", "random", "--window", 8, "--json")
    assert code == 0
    findings = json.loads(out)["findings"]
    assert {"groups", "windows"} <= {one["check"] for one in findings if one["severity"] == "high"}
    assert run(capsys, "leakage", *OWN, "--split", "random", "--strict", "--json")[0] == 4
    honest = json.loads(run(capsys, "leakage", *OWN, "--json")[1])["findings"]
    assert "groups" not in {one["check"] for one in honest}


def test_every_kind_of_decider_is_scored_and_exported_or_refused(capsys, elsewhere, beds):
    inner = FusionDecider(
        make_pipeline(
            make_fusion_preprocessor(patient=["heart_rate", "spo2"]),
            DualPathCNNClassifier(
                conv_channels=(4,), dense_units=8, lr=1e-2, max_epochs=3, random_state=0
            ),
        ),
        normal=("normal", 0),
    )
    X, y = beds[["heart_rate", "spo2"]], beds[["health", "attack"]].fillna(0)
    y = y.set_axis(["health", "cyber"], axis=1).astype({"cyber": int})
    kinds = {
        "tuned": TunedFusionDecider(inner, cv=2, thresholds=3, n_resamples=20, random_state=0),
        "conformal": ConformalFusionDecider(inner, confidence_level=0.5, random_state=0),
    }
    own = ["--csv", "beds.csv", "--cyber", "attack"]  # health is called as the head is
    check = [] if find_compiler() else ["--no-check"]
    for name, decider in kinds.items():
        save(decider.fit(X, y), name)
        assert run(capsys, "evaluate", name, *own, "--json", f"{name}.json")[0] == 0
        code, _, said = run(capsys, "export", name, *own, "--out", f"{name}_c", *check)
        assert code == (0 if name == "tuned" else 2), said
    assert "of a ConformalFusionDecider its decider_" in said
    figures = json.loads((elsewhere / "tuned.json").read_text())
    assert "the file of the model does not say" in figures["protocol"]["held_out"]
    shown = figures["heads"][0]["models"][0]
    low, high = shown["intervals"]["accuracy"]
    assert low < shown["accuracy"] < high


def test_a_model_of_ones_own_program_needs_no_columns_either(capsys, elsewhere, beds):
    """Its heads have names of their own, and it was fitted with a column that it does not read."""
    columns = ["spo2", "packet_rate", "failed_logins"]
    network = DualPathCNNClassifier(architecture="compact", max_epochs=1, random_state=0)
    pipe = make_pipeline(make_fusion_preprocessor(network=columns[1:]), network)
    rows = beds.dropna()
    decider = FusionDecider(pipe, normal=("ok", 0))
    labels = rows[["checked", "attack"]].astype({"attack": int})
    decider.fit(rows[columns], labels)
    save(decider, "own")
    own = ["own", "--csv", "beds.csv", "--all", "--json", "own.json"]
    assert run(capsys, "evaluate", *own)[0] == 0
    figures = json.loads((elsewhere / "own.json").read_text())
    assert [head["name"] for head in figures["heads"]] == ["checked", "attack"]
    assert figures["data"]["modalities"] == {"patient": 0, "environment": 0, "network": 2}
    right = decider.score(beds[columns], beds[["checked", "attack"]])
    assert figures["decisions"]["models"][0]["accuracy"] == pytest.approx(right)

    bare = FusionDecider(DualPathCNNClassifier(max_epochs=1), normal=("ok", 0))
    save(bare.fit(rows[columns], labels), "bare")
    code, _, err = run(capsys, "evaluate", "bare", "--csv", "beds.csv")
    assert code == 2
    assert "bare does not know its columns, expected a model with make_fusion_preprocessor" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--patient", "spo2"], "--patient name columns of a CSV file; expected --csv"),
        (["train", "--csv", "beds.csv", "--health", "health"], "needs the columns of at least"),
        (["train", *OWN[:-1], "alarm"], "beds.csv has no column 'alarm'; it has 'heart_rate', "),
        (
            ["evaluate", "m", "--csv", "beds.csv", "--firmware", "r.json"],
            "for a model card; expected --card FILE",
        ),
        (["train", *OWN, "--environment", "spo2"], "a column is named twice"),
        (["train", "--csv", "none.csv", *OWN[2:]], "none.csv does not exist; expected a file"),
        (["train", "--csv", "empty.csv", *OWN[2:]], "empty.csv is no CSV file with a header"),
        (["train", *OWN, "--network", "bed", "--window", "4"], "a column is named twice"),
        (["train", *OWN, "--out", "./beds.csv"], "--out is beds.csv, where --csv is, expected a"),
        (["evaluate", "m", "--json", "m"], "--json is m, where MODEL is, expected a place of its"),
        (["evaluate", "m", "--json", "a", "--html", "../{here}/a"], "a, where --json is, expected"),
        (["export", "c/m", "--out", "c"], "--out is c, where MODEL is, expected a place"),
        (["train", "--window", "4"], "the known data sets have windows of their own"),
        (["train", *OWN, "--vital-changes"], "needs columns of --patient, and --window of 2 or"),
        (
            ["train", *OWN, "--patient", "device_type", "--window", 2, "--vital-changes"],
            "needs numbers of the patient, but device_type of --patient hold text. Name a",
        ),
        (["train", *OWN[:3], "ward", *OWN[4:]], "beds.csv has 30 row(s) without ward; expected"),
        (["train", *OWN, "--epochs", "0"], "argument --epochs: 0 is no whole number of 1"),
        (["train", *OWN, "--normal", "fine"], "--normal names 'fine', a class of no head"),
        (
            ["train", *WORDS],
            "one of 'ill', 'ok': name the class of each that means normal with --n",
        ),
        (["train", *WORDS, "--normal", "Ok"], "with --normal; --normal names 'Ok', a class of no"),
        (
            ["train", *OWN[:2], "--network", "error_count", "--cyber", "attack"],
            "Name more columns, or let it see",
        ),
        (
            ["train", *WORDS, "--cyber", "protocol"],
            "one of 'ill', 'ok'; the label of the cyber head",
        ),
        (["train", *WORDS[:-1], "room_temperature"], "expected classes: words or whole numbers"),
        (["train", *OWN, "--out", "no/model"], "--out: the folder no does not exist"),
        (["evaluate", "nowhere", "--json", "."], "--json: . is a folder, expected a file"),
        (["train", "--out", "/dev/null"], "--out: /dev/null is a device, expected a file"),
        (["train", "--out", "m" * 260], "cannot be written: File name too long. Choose a file"),
        (["federate", "server", "--sites", "1", "--out", "no/m"], "the folder no does not exist"),
        (["federate", "server", "--sites", "1", "--lr", "-1"], "--lr: -1 is no number above 0"),
        (["federate", "server", "--sites", "1", "--noise", "nan"], "nan is no number above 0"),
        (["federate", "server", "--sites", "1", "--batch-size", "1"], "1 row is no batch"),
        (["leakage", *OWN, "--window", "x"], "x is no whole number of 1 or more"),
        (["evaluate", "beds.csv"], "expected a file that skdualcnn.save wrote"),
        (["evaluate", "net.skdualcnn"], "holds a DualPathCNNClassifier, expected a decid"),
        (["evaluate", "nowhere"], "nowhere does not exist; expected a file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_code_2(capsys, elsewhere, arguments, message):
    (elsewhere / "empty.csv").touch()
    if "net.skdualcnn" in arguments:
        save(DualPathCNNClassifier(), "net.skdualcnn")
    code, _, err = run(capsys, *(str(one).format(here=elsewhere.name) for one in arguments))
    assert code == 2
    assert message in err
    assert re.match(f"skdualcnn {arguments[0]}( server)?: error: ", err)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_examples(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"examples:\n  skdualcnn {command}" in out
    assert "exit codes: 0 done; " in out


def test_bash_completes_commands_and_arguments(capsys, elsewhere):
    pytest.importorskip("shtab", reason="shtab is not installed: extra 'completion'")
    code, script, _ = run(capsys, "completion", "bash")
    assert code == 0
    (elsewhere / "completion.sh").write_text(script)
    ask = (
        "source completion.sh; COMP_WORDS=(skdualcnn {}); COMP_CWORD={}; "
        '_shtab_skdualcnn; echo "${{COMPREPLY[@]}}"'
    )
    for words, place, expected in (
        ("ev", 1, "evaluate"),
        ("train --arch", 2, "--architecture"),
        ("train --architecture com", 3, "compact"),
        ("evaluate compl", 2, "completion.sh"),
        ("federate site --csv compl", 4, "completion.sh"),
    ):
        done = subprocess.run(
            ["bash", "-c", ask.format(words, place)], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [expected]


def test_without_shtab_the_extra_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, _, err = run(capsys, "completion", "zsh")
    assert code == 2
    assert "pip install 'skdualcnn[completion]'" in err
