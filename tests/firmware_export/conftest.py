"""Hand-made graphs with random weights, and small fitted estimators."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from firmware_export import FixedPointClassifier, export_firmware
from firmware_export._check import expected_answers
from firmware_export._emit import GoldenVectors, render_firmware
from firmware_export._graph import (
    Convolution,
    Decision,
    Dense,
    FrontEnd,
    GlobalPooling,
    Graph,
    Head,
    NumericColumn,
    Residual,
)
from firmware_export._graph import (
    Path as NetworkPath,
)
from firmware_export._harness import build_harness
from firmware_export._integer_readings import Status, row_statuses
from firmware_export._rows import BLANK, stack_windows
from firmware_export._targets import TARGETS, find_target
from firmware_export._toolchain import run_rows
from firmware_export._twin import answer
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.exceptions import ToolchainError
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow


@pytest.fixture(scope="session", params=[name for name in TARGETS if name != "host"])
def emulated(request):
    """Return an emulated target, or skip; continuous integration must not skip."""
    try:
        return find_target(request.param)
    except ToolchainError as error:
        if os.environ.get("SKDUALCNN_TOOLS") == "required":
            raise
        pytest.skip(str(error))


def _convolution(rng, rows, channels, kernel, slope, pool):
    weight = rng.normal(size=(rows, channels, kernel)) / np.sqrt(channels * kernel)
    # Batch norm may flip the sign; a dead channel has no weights at all.
    scale = rng.normal(size=rows)
    weight[rng.random(rows) < 0.1] = 0
    return Convolution(weight, rng.normal(size=rows), slope, scale, rng.normal(size=rows), pool)


def _network(
    rng, steps, channels, *, blocks, kernel, residuals, slope, pool, pooling, units, classes, names
):
    layers = []
    for rows in blocks:
        layers.append(_convolution(rng, rows, channels, kernel, slope, pool))
        channels, steps = rows, steps // pool
    for _ in range(residuals):
        pair = (_convolution(rng, channels, channels, kernel, slope, 1) for _ in range(2))
        layers.append(Residual(*pair))
    if pooling:
        layers.append(GlobalPooling())
        steps = 2  # a mean and a maximum
    inputs = steps * channels
    dense = Dense(rng.normal(size=(units, inputs)) / np.sqrt(inputs), rng.normal(size=units), slope)
    heads = tuple(
        Head(
            name,
            tuple(range(count)),
            Dense(rng.normal(size=(count, units)) / np.sqrt(units), rng.normal(size=count)),
        )
        for name, count in zip(names, classes, strict=True)
    )
    return NetworkPath(tuple(layers), dense, heads)


@pytest.fixture(scope="session")
def make_graph():
    """Return a builder of graphs with random weights."""

    def build(
        seed=0,
        *,
        steps=12,
        channels=1,
        blocks=(6,),
        kernel=3,
        residuals=0,
        slope=0.01,
        pool=2,
        pooling=False,
        units=8,
        classes=(3, 2),
        separate=False,
        rule=None,
        window=False,
        stride=1,
        blank=False,
        changes=(),
    ):
        rng = np.random.default_rng(seed)
        rows = steps if window else 1
        channels *= 2 if blank else 1  # the second half marks what is missing
        width = steps * channels // rows // (2 if blank else 1)
        names = tuple(f"x{i}" for i in range(width))
        columns = tuple(
            NumericColumn(name, i, i, missing=0.0, indicator=width + i)
            if blank
            else NumericColumn(name, i, i)
            for i, name in enumerate(names)
        )
        front = FrontEnd(
            names, tuple(range(width)), columns, steps, channels, rows, stride, blank, changes
        )
        heads = [f"head_{i}" for i in range(len(classes))]
        groups = [[i] for i in range(len(classes))] if separate else [list(range(len(classes)))]
        paths = tuple(
            _network(
                rng,
                steps,
                channels,
                blocks=blocks,
                kernel=kernel,
                residuals=residuals,
                slope=slope,
                pool=pool,
                pooling=pooling,
                units=units,
                classes=[classes[i] for i in group],
                names=[heads[i] for i in group],
            )
            for group in groups
        )
        decision = None
        if rule is not None:
            decision = Decision(rule, 0.05, (0.6, 0.5), 0.1, (0, 1), (0, 1))
        return Graph(front, paths, decision)

    return build


@pytest.fixture(scope="session")
def stack_readings():
    """Return a function that gives the windows of readings that a graph looks at."""

    def stack(front_end, readings):
        blank = np.full(readings.shape[1], BLANK) if front_end.has_blank_steps else None
        return stack_windows(readings, front_end.window, front_end.stride, None, blank)[:]

    return stack


@pytest.fixture(scope="session")
def write_firmware():
    """Return a function that writes an integer graph's C into a folder."""

    def write(graph, readings, folder: Path, prefix="model"):
        answers = answer(graph, readings)
        vectors = GoldenVectors(readings, answers.logits, answers.probabilities, answers.decisions)
        for name, text in render_firmware(graph, prefix, vectors).items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return write


@pytest.fixture(scope="session")
def expect_rows():
    """Return what tells what the C writes of raw readings, which it may refuse."""

    def expect(graph, readings):
        statuses = row_statuses(graph, readings)
        accepted = expected_answers(answer(graph, readings[statuses == Status.OK]))
        expected = np.zeros((len(readings), accepted.shape[1]), dtype=np.int32)
        expected[statuses == Status.OK] = accepted
        expected[:, 0] = statuses  # a refused row changes nothing else
        return expected

    return expect


@pytest.fixture(scope="session")
def run_firmware(compiler, write_firmware):
    """Return a function that compiles an integer graph's C and runs it on readings."""

    def run(graph, readings, folder: Path, flags=()):
        write_firmware(graph, readings[:2], folder)
        program = build_harness(graph, folder, "model", folder, flags)
        return run_rows(program, readings, folder)

    return run


@pytest.fixture(scope="session")
def ward():
    """Return (X, y): a small data set with gaps, categories, text labels and two heads."""
    rng = np.random.default_rng(0)
    n = 240
    X = pd.DataFrame(
        {
            "Heart rate": rng.normal(80, 15, n),
            "SpO2": rng.normal(97, 2, n),
            "constant": 5.0,
            "never measured": np.nan,
            "alarm": rng.random(n) < 0.2,
            "temperature": rng.normal(21, 1, n),
            "bytes": rng.lognormal(6, 2, n).round(),
            "protocol": rng.choice(["mqtt", "tcp", "udp"], n),
            "qos": rng.choice(["0", "1"], n),
        }
    )
    X.loc[rng.random(n) < 0.2, "SpO2"] = np.nan
    X.loc[rng.random(n) < 0.1, "qos"] = np.nan
    health = np.where(X["Heart rate"] > 85, "arrhythmia", "normal")
    cyber = np.where(X["protocol"] == "udp", "dos", "normal")
    return X, pd.DataFrame({"health": health, "cyber": cyber})


@pytest.fixture(scope="session")
def small_network():
    return DualPathCNNClassifier(
        conv_channels=(6,), dense_units=12, max_epochs=25, lr=1e-2, random_state=0
    )


@pytest.fixture(scope="session")
def decider(ward, small_network):
    """Return a fitted decider over a fusion pipeline, with an abstention band and distrust."""
    X, y = ward
    preprocessor = make_fusion_preprocessor(
        patient=["Heart rate", "SpO2", "constant", "never measured", "alarm"],
        environment=["temperature"],
        network=["bytes", "protocol", "qos"],
    )
    pipeline = make_pipeline(preprocessor, small_network)
    return FusionDecider(pipeline, thresholds=(0.5, 0.4), abstention=0.2, distrust=(0.3, 0.8)).fit(
        X, y
    )


@pytest.fixture(scope="session")
def twin(decider, ward):
    return FixedPointClassifier(FrozenEstimator(decider)).fit(ward[0])


@pytest.fixture(scope="session")
def window_decider(ward, small_network):
    """Return a fitted decider over windows of rows that are scaled by rank."""
    X, y = ward
    preprocessor = make_fusion_preprocessor(
        patient=["Heart rate", "SpO2", "constant", "never measured", "alarm"],
        network=["bytes", "protocol", "qos"],
        noise_filter=QuantileScaler(n_quantiles=9),
    )
    pipeline = make_pipeline(preprocessor, SlidingWindow(5), small_network)
    return FusionDecider(pipeline, thresholds=(0.5, 0.4)).fit(X, y)


@pytest.fixture(scope="session")
def report(decider, ward, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "deep" / "ward"
    return export_firmware(decider, folder, calibration_data=ward[0], prefix="ward")


@pytest.fixture(scope="session")
def window_report(window_decider, ward, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "windows"
    return export_firmware(window_decider, folder, calibration_data=ward[0], prefix="ward")
