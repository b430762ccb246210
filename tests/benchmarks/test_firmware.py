"""The networks are the peers', and the tables hold what was measured."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import firmware
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows


@pytest.mark.parametrize(
    ("make", "multiply_adds", "parameters"),
    [(firmware.make_paper_net, 292_736, 280_073), (firmware.make_tiny_net, 69_920, None)],
)
def test_networks_have_the_sizes_that_the_peers_ran(make, multiply_adds, parameters):
    graph = make()
    readings = np.random.default_rng(0).random((20, len(graph.front_end.readings)))
    windows = stack_windows(readings.astype(np.float32), graph.front_end.window)
    quantised = quantise(graph, windows)
    assert quantised.multiply_adds == multiply_adds
    assert parameters in {None, quantised.parameters}


def test_peers_are_divided_by_ours():
    results = pd.DataFrame(
        [
            {
                "network": name,
                "target": target,
                "level": level,
                "network_instructions": count,
                "code_bytes": 1500,
                "ram_bytes": 4608,
                "stack_bytes": None,
            }
            for name in ("paper-net", "tiny-net")
            for target, level, count in (
                ("rv32imc", "O2", 1_000_000),
                ("rv32imc", "Os", 1),
                ("lx106", "O2", None),
            )
        ],
        dtype=object,
    )
    table = firmware.beside_peers(results).set_index(["network", "peer"])
    row = table.loc[("paper-net", "CMSIS-NN, C path")]
    assert (row["rv32imc k"], row["rv32imc ratio"]) == ("1807", "1.81")
    ours = table.loc[("tiny-net", "skdualcnn, this run")]
    assert ours["rv32imc ratio"] == "1.00"
    assert ours[["LX code_bytes", "LX stack_bytes"]].tolist() == [1500, ""]
    assert "lx106 ratio" not in table
