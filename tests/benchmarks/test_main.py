"""What the command line of the benchmarks refuses, and says when it is stopped."""

from pathlib import Path

import pytest

from benchmarks import baselines, coverage, drift, paper, speed, tampering
from benchmarks.__main__ import main


@pytest.fixture
def call(monkeypatch, tmp_path, capsys):
    """Run a command in an empty folder; return its exit code and what it says, line by line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKDUALCNN_DATA", raising=False)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["benchmarks", *words])
        try:
            code = main()
        except SystemExit as stopped:
            code = stopped.code
        return code, capsys.readouterr().err.splitlines()

    return run


def never(*given, **options):
    raise AssertionError("work began")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seeds", "0"), "0 is no whole number of 1 or more"),
        (("--seeds", "-1"), "-1 is no whole number of 1 or more"),
        (("--out", "taken"), "taken is a file; expected a folder, or a new name"),
        (("--out", "taken/out"), "taken is a file; expected a folder, or a new name"),
        (
            ("--out", "/proc/out"),
            "nothing can be written to /proc/out; choose a folder where it can",
        ),
        (("--data", "ward", "nsl_kdd"), "NSL-KDD: KDDTrain+_20Percent.txt in .: got no file"),
        (("--data", "ward", "nsl_kdd", "--data-dir", "gone"), "NSL-KDD: gone: got no such path"),
    ],
)
@pytest.mark.parametrize("module", [baselines, paper])
def test_what_cannot_be_done_is_said_in_one_line_before_any_work(
    call, tmp_path, monkeypatch, module, words, said
):
    (tmp_path / "taken").touch()
    monkeypatch.setattr(paper, "run", never)
    monkeypatch.setattr(baselines, "run", never)
    code, (line,) = call(module.__name__.split(".")[-1], *words)
    assert code == 2
    assert said in line


@pytest.mark.parametrize("module", [coverage, drift, tampering])
def test_files_are_missed_before_any_work(call, monkeypatch, module):
    monkeypatch.setattr(module, "run", never)
    code, (line,) = call(module.__name__.split(".")[-1])
    assert code == 2
    assert "WUSTL-EHMS-2020: wustl-ehms-2020_with_attacks_categories.csv in .: got no file" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--share", "0"), "got 0; expected a number above 0, at most 1"),
        (("--share", "nan"), "got nan; expected a number above 0, at most 1"),
        (("--share", "most"), "got most; expected a number above 0, at most 1"),
        (("--share", "1.5"), "got 1.5; expected a number above 0, at most 1"),
        (("--peers", "gone"), "got gone; expected a folder that is there"),
    ],
)
def test_speed_refuses_what_it_cannot_measure(call, monkeypatch, words, said):
    monkeypatch.setattr(speed, "run", never)
    code, (line,) = call("speed", *words)
    assert code == 2
    assert said in line


def test_speed_takes_a_share_and_a_folder_of_peers(call, monkeypatch):
    given = {}
    monkeypatch.setattr(speed, "run", lambda out, **options: given.update(options))
    assert call("speed", "--share", "0.25", "--peers", ".") == (0, [])
    assert given["share"] == 0.25
    assert given["peers"] == Path()


def test_some_data_sets_or_all(call, monkeypatch):
    monkeypatch.setattr(paper, "run", never)
    code, (line,) = call("paper", "--all", "--data", "ward")
    assert code == 2
    assert "argument --data: not allowed with argument --all" in line


def test_who_stops_the_paper_hears_what_is_kept(call, monkeypatch):
    def stop(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(paper, "run", stop)
    code, (line,) = call("paper", "--out", "kept")
    assert code == 130
    assert line == (
        "python -m benchmarks paper: interrupted; finished jobs are kept in kept/jobs, and the "
        "same command resumes"
    )


def test_help_describes_every_option(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "paper", "--help"])
    with pytest.raises(SystemExit):
        main()
    said = " ".join(capsys.readouterr().out.split())
    assert "folder to write to (default: benchmark_paper)" in said
    assert "(default: ward, which is simulated" in said
    assert "folder of the files (default: $SKDUALCNN_DATA;" in said
