import pytest

from skdualcnn._cli import main


def run(capsys, *arguments):
    """Return the exit code and what went to standard error, on one line."""
    try:
        code = main(["federate", *arguments])
    except SystemExit as end:
        code = end.code
    return code, " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "the following arguments are required: ROLE"),
        (["server"], 2, "the following arguments are required: --sites"),
        (["server", "--sites", "0"], 2, "0 is no whole number of 1 or more"),
        (["server", "--sites", "3", "--ca", "ca.pem"], 2, "--ca, --cert and --key go together"),
        (["server", "--sites", "3", "--address", "0.0.0.0:9092"], 3, "in clear text"),
        (["server", "--sites", "3", "--address", "here"], 3, "expected HOST:PORT"),
        (["server", "--sites", "3", "--lr", "-1"], 2, "-1 is no number above 0"),
        (["server", "--sites", "3", "--patience", "inf"], 2, "inf is no number above 0"),
        (["server", "--sites", "3", "--start", "nowhere"], 2, "nowhere"),
        (["site", "--name", "a", "--share", "4/3"], 2, "4/3 is no share, expected one such as"),
        (["site", "--name", "a", "--ca", "nowhere.pem"], 2, "nowhere.pem"),
        (["site", "--name", "a", "--data", "nsl_kdd"], 2, "no folder was given"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line(capsys, monkeypatch, tmp_path, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKDUALCNN_DATA", raising=False)
    said = run(capsys, *arguments)
    assert said[0] == code
    assert message in said[1]


@pytest.mark.parametrize("role", [[], ["server"], ["site"]])
def test_help(capsys, role):
    assert run(capsys, *role, "--help")[0] == 0
