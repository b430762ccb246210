import dataclasses
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skdualcnn import __version__
from skdualcnn import _studies as studies
from skdualcnn import load as load_model
from skdualcnn._cli import COMMANDS, main
from skdualcnn._commands import _exit
from skdualcnn._commands._data import DATA_SETS
from skdualcnn.datasets import make_ward
from skdualcnn.exceptions import DataFileError

TINY = make_ward(n_patients=6, hours=3, freq="2min", random_state=0)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Run in an empty folder, without a folder of data sets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKDUALCNN_DATA", raising=False)
    return tmp_path


@pytest.fixture
def load(monkeypatch):
    """Return a function that puts another loader in the place of the ward's."""

    def replace(loader):
        study = dataclasses.replace(studies.STUDIES["ward"], load=loader)
        monkeypatch.setitem(studies.STUDIES, "ward", study)

    return replace


def run(capsys, *arguments):
    """Return the exit code and what went to standard error."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err


def test_the_names_are_those_of_the_studies():
    assert tuple(studies.STUDIES) == DATA_SETS


def test_the_page_lists_every_command_and_exit_code():
    page = Path(__file__).parents[1] / "docs" / "command_line.md"
    first_cells = re.findall(r"^\| `?(\w+)`? \|", page.read_text(encoding="utf-8"), re.M)
    codes = {value for value in vars(_exit).values() if isinstance(value, int)}
    assert first_cells == ["command", *COMMANDS, *map(str, sorted(codes))]
    assert set(map(int, re.findall(r"\b(\d+) ", _exit.DESCRIPTION))) == codes


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"]])
def test_help(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert "demo" in out
    assert "exit codes: 0 done; " in out
    if arguments[0] == "demo":
        assert all(name in out for name in DATA_SETS)


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "skdualcnn: error: .*COMMAND"),
        (["learn"], "invalid choice: 'learn'"),
        (["demo", "--data", "mimic"], "invalid choice: 'mimic'.*ward.*nsl_kdd"),
        (["demo", "--seed", "x"], "invalid seed value: 'x'"),
        (["demo", "--seed", "-1"], "--seed: -1 is no seed, expected 0 to 4294967295"),
        (["train", "--seed", "99999999999999"], "--seed: 99999999999999 is no seed"),
        (["evaluate", "m", "--seed", "-1"], "--seed: -1 is no seed"),
        (["leakage", "--split", "random", "--seed", "-1"], "--seed: -1 is no seed"),
        (["simulate", "--seed", "-1"], "--seed: -1 is no seed"),
        (["federate", "site", "--name", "a", "--seed", "-1"], "--seed: -1 is no seed"),
        (["demo", "--fast"], "unrecognized arguments: --fast"),
        (["demo", "--data", "nsl_kdd"], "no folder was given; expected --data-dir FOLDER"),
        (
            ["demo", "--data", "nsl_kdd", "--data-dir", "nowhere"],
            "--data-dir nowhere does not exist; expected a folder with the files of nsl_kdd",
        ),
        (["demo", "--data", "nsl_kdd", "--data-dir", "."], "skdualcnn demo: error: .*KDD"),
        (["gateway"], "the following arguments are required: MODEL"),
        (["gateway", "x"], "No broker was given, expected --broker"),
        (["gateway", "--broker", "b:x", "x"], "expected HOST or HOST:PORT"),
        (["gateway", "--broker", "b", "x", "--http", "9464"], "expected HOST:PORT"),
        (["gateway", "--broker", "b", "nowhere"], "nowhere"),
        (["gateway", "--broker", "b", "x", "--cert", "c"], "--cert and --key go"),
        (["gateway", "--broker", "b", "x", "--ca", "c"], "error: c does not exist"),
        (["gateway", "--broker", "b", "x", "--password-file", "p"], "error: p does not"),
        (["gateway", "--broker", "b", "x", "--grace", "-1"], "no number of seconds"),
        (["simulate", "--broker", "b", "--speed", "0"], "--speed: 0 is no number above 0"),
        (["simulate", "--broker", "b", "--start", "noon"], "--start is 'noon', expected a time"),
        (["simulate", "--broker", "b", "--patients", "0"], "n_patients is 0, expected"),
        (["simulate", "--broker", "b", "--prefix", "#"], "The prefix of topics is '#'"),
        (["demo", "--out", "occupied"], "occupied is not empty and holds no report.json"),
        (["demo", "--out", "occupied/thesis.tex"], "thesis.tex is a file, expected a folder"),
        (["demo", "--out", "occupied/thesis.tex/out"], "skdualcnn demo: error: .*thesis.tex"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_one_line_and_code_2_and_nothing_is_written(
    capsys, elsewhere, arguments, message
):
    (elsewhere / "occupied").mkdir()
    (elsewhere / "occupied" / "thesis.tex").write_text("ten years of work")
    code, err = run(capsys, *arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert re.search(message, err), err
    written = sorted(str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*"))
    assert written == ["occupied", "occupied/thesis.tex"]


def test_a_missing_folder_named_by_the_environment(capsys, monkeypatch):
    monkeypatch.setenv("SKDUALCNN_DATA", "nowhere")
    code, err = run(capsys, "demo", "--data", "wustl_ehms")
    assert code == 2
    assert "nowhere does not exist" in err


def test_an_empty_variable_names_no_folder(capsys, monkeypatch):
    monkeypatch.setenv("SKDUALCNN_DATA", "")
    code, err = run(capsys, "demo", "--data", "wustl_ehms", "--out", "..")
    assert code == 2
    assert "--data wustl_ehms reads files, but no folder was given" in err


def test_an_interruption_is_one_line_and_code_130(capsys, load):
    def interrupt(folder, seed):
        raise KeyboardInterrupt

    load(interrupt)
    assert run(capsys, "demo") == (130, "skdualcnn demo: interrupted; no file is half written\n")


def test_sigterm_leaves_no_folder_behind(capsys, elsewhere, load):
    def terminate(folder, seed):
        signal.raise_signal(signal.SIGTERM)

    load(terminate)
    earlier = signal.getsignal(signal.SIGTERM)
    assert run(capsys, "demo") == (143, "")
    assert list(elsewhere.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == earlier


def test_a_broker_that_is_not_there_is_code_3(capsys, monkeypatch):
    monkeypatch.setattr("skdualcnn._commands.simulate.CONNECT_WITHIN", 0.5)
    code, err = run(capsys, "simulate", "--broker", "127.0.0.1:1", "--hours", "0.1")
    assert code == 3
    assert re.search(r"simulate: error: No connection to 127.0.0.1:1 within 0.5 s: .*\n$", err)


def test_a_password_without_a_user(capsys, monkeypatch):
    monkeypatch.setenv("SKDUALCNN_MQTT_PASSWORD", "s3cret")
    code, err = run(capsys, "simulate", "--broker", "b")
    assert code == 2
    assert "expected --username NAME" in err
    assert "s3cret" not in err


def test_a_failing_loader_leaves_nothing_behind(capsys, elsewhere, load):
    def fail(folder, seed):
        raise DataFileError("line 3 has\n  two columns")

    load(fail)
    code, err = run(capsys, "demo", "--out", "out")
    assert (code, err) == (2, "skdualcnn demo: error: line 3 has two columns\n")
    assert list(elsewhere.iterdir()) == []


def test_an_unexpected_failure_leaves_an_earlier_run_alone(elsewhere, load):
    def fail(folder, seed):
        raise ZeroDivisionError

    load(fail)
    (elsewhere / "out").mkdir()
    (elsewhere / "out" / "report.json").write_text("{}")
    with pytest.raises(ZeroDivisionError):
        main(["demo", "--out", "out"])
    assert [path.name for path in elsewhere.rglob("*")] == ["out", "report.json"]


@pytest.mark.slow
def test_help_does_not_import_torch():
    code = (
        "import sys; import skdualcnn._cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.slow
def test_a_quick_demo_from_end_to_end(capsys, elsewhere, load):
    load(lambda folder, seed: TINY)
    arguments = ["demo", "--quick", "--out", "some where", "--seed", "3"]
    assert main(arguments) == 0
    out = elsewhere / "some where"
    assert sorted(path.name for path in out.iterdir()) == [
        "firmware",
        "model.skdualcnn",
        "report.html",
        "report.json",
    ]
    assert [path.name for path in elsewhere.iterdir()] == ["some where"]
    report = json.loads((out / "report.json").read_text())
    assert report["seed"] == 3
    assert report["command"] == "skdualcnn demo --quick --out 'some where' --seed 3"
    assert report["data"]["simulated"] is True
    assert report["data"]["rows"] == len(TINY.data)
    assert report["protocol"]["train_rows"] + report["protocol"]["test_rows"] == len(TINY.data)
    assert [head["name"] for head in report["heads"]] == ["health", "cyber"]
    for table in (*report["heads"], report["decisions"]):
        assert len(table["models"]) == 7
        assert sum(model["ours"] for model in table["models"]) == 1
    assert "NaN" not in (out / "report.json").read_text()
    assert "simulated" in (out / "report.html").read_text()
    assert list((out / "firmware").rglob("*.c"))
    decider = load_model(out / "model.skdualcnn")
    assert set(decider.predict(TINY.data)) <= {"normal", "medical", "cyber", "both", "uncertain"}
    assert "written:" in capsys.readouterr().out
