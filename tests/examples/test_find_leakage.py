import pytest


@pytest.mark.slow
def test_it_finds_the_traps_of_the_real_data(real_data, run_example):
    names = run_example("find_leakage", str(real_data))
    high = {
        split: {one.column for one in report.findings if one.severity == "high"}
        for split, report in names["reports"].items()
    }
    assert high["random"] >= {"SrcMac", "Flgs", "Sport", "Packet_num"}
    assert high["honest"] == {"SrcMac", "Flgs"}
    made_up = names["scores"]["random"] - names["scores"]["honest"]
    assert made_up["vital signs and Packet_num"] > 0.5


@pytest.mark.slow
def test_without_the_data_it_says_so_and_examines_the_ward(run_example, capsys):
    names = run_example("find_leakage")
    assert "this is the simulated ward" in capsys.readouterr().out
    shared = {
        split: {one.check for one in report.findings if one.severity == "high"}
        for split, report in names["reports"].items()
    }
    assert {"groups", "windows"} <= shared["random"]
    assert not {"groups", "windows"} & shared["honest"]
