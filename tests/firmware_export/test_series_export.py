"""Series with gaps: the C fills and scales them as the pipeline does, on every bit as its twin."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from benchmarks._studies import load_hours
from firmware_export import (
    FixedPointClassifier,
    check_firmware,
    compile_predictor,
    export_firmware,
)
from firmware_export._columns import read_front_end
from firmware_export._harness import build_harness
from firmware_export._integer_readings import Status, from_fixed, to_fixed
from firmware_export._literals import constant_bytes
from firmware_export._quantize import quantise
from firmware_export._reference import scale_rows
from firmware_export._toolchain import run_rows
from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn.exceptions import ExportError
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import SeriesScaler
from skdualcnn.streaming._engines import make_engine

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")


def _series(rng, n=120, n_steps=7):
    """Return series of four channels: often, seldom, never read, and the same at each reading."""
    X = rng.normal(size=(n, n_steps, 4)) * [15, 1e-3, 1, 0] + [80, 0, 0, 5]
    X[rng.random(X.shape) < 0.5] = np.nan
    X[:, :, 2] = np.nan
    X[0] = np.nan
    X[1, 0] = np.nan
    X[2, 0, 0] = 70
    X[2, 1:] = np.nan
    X[3, :, 0] = 500  # beyond the fences
    return X.astype(np.float32)


@pytest.fixture(scope="module")
def X():
    return _series(np.random.default_rng(0))


@pytest.fixture(scope="module")
def network():
    return DualPathCNNClassifier(
        conv_channels=(6,),
        dense_units=8,
        global_pooling=True,
        max_epochs=3,
        lr=1e-2,
        random_state=0,
    )


@pytest.fixture(scope="module")
def y(X):
    mean = np.nanmean(np.where(np.isnan(X), 0, X)[:, :, 0], axis=1)
    return np.column_stack([mean > np.median(mean), np.arange(len(X)) % 2]).astype(int)


@pytest.fixture(scope="module")
def decider(X, y, network):
    return FusionDecider(make_pipeline(SeriesScaler(), network)).fit(X, y)


@pytest.fixture(scope="module")
def twin(decider, X):
    return FixedPointClassifier(FrozenEstimator(decider)).fit(X)


def _quantise(make_graph, X, bits=16, **shape):
    """Return the integers of a random network behind a SeriesScaler fitted on X."""
    front_end = read_front_end([("scale", SeriesScaler().fit(X))])
    graph = make_graph(
        steps=front_end.steps, channels=front_end.channels, pool=1, pooling=True, **shape
    )
    readings = X.reshape(len(X), -1)
    return quantise(replace(graph, front_end=front_end), readings, activation_bits=bits)


@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_floats_and_integers_are_those_of_the_pipeline(n_steps):
    X = _series(np.random.default_rng(n_steps), n_steps=n_steps)
    scaler = SeriesScaler().fit(X)
    front_end = read_front_end([("scale", scaler)])
    readings = X.reshape(len(X), -1)
    np.testing.assert_allclose(scale_rows(front_end, readings), scaler.transform(X), atol=1e-5)
    assert front_end.readings[:5] == ("x0_0", "x0_1", "x0_2", "x0_3", "x1_0")[: 4 * n_steps]


@pytest.mark.parametrize("bits", [8, 16])
def test_inputs_are_the_rounded_ones_of_the_pipeline(decider, X, bits):
    twin = FixedPointClassifier(FrozenEstimator(decider), activation_bits=bits).fit(X)
    inputs = twin.layer_integers(X)["input"]
    step = twin.integer_graph_.tensors[0].scale
    wanted = decider.estimator_[0].transform(X)
    np.testing.assert_allclose(inputs * step, wanted, atol=0.52 * step)
    for floats, fixed in zip(decider.predict_proba(X), twin.predict_proba(X), strict=True):
        np.testing.assert_allclose(fixed, floats, atol=0.02 if bits == 8 else 0.002)


def test_no_series_no_answers(twin, X):
    assert [len(answers) for answers in twin.predict_proba(X[:0])] == [0, 0]


def test_a_value_stands_until_the_next_reading(twin, X):
    values, gaps, ages = np.split(twin.layer_integers(X)["input"], 3, axis=2)
    one = gaps.max()
    missing = np.isnan(X)
    np.testing.assert_array_equal(gaps, missing * one)
    np.testing.assert_array_equal(ages[:, 0], missing[:, 0] * one)
    assert (ages[0] == one).all()
    stands = missing[:, 1:]
    np.testing.assert_array_equal(values[:, 1:][stands], values[:, :-1][stands])
    assert (values[0] == [column.missing for column in twin.integer_graph_.numeric]).all()
    assert tuple(ages[2, :, 0]) == twin.integer_graph_.ages[:7]


def _any_bits(rng, X):
    """Return series laid flat, some readings and some whole series being any 32 bits."""
    usual = X.reshape(len(X), -1)
    wild = rng.integers(0, 2**32, usual.shape, dtype=np.uint32).view(np.float32)
    few = np.where(rng.random(usual.shape) < 0.97, usual, wild)
    return np.vstack([usual, few, wild]).astype(np.float32)


@pytest.mark.parametrize(
    ("n_steps", "bits", "shape"),
    [
        (1, 16, {}),
        (2, 8, {"separate": True}),
        (7, 16, {"rule": "anomaly", "kernel": 5}),
        (12, 8, {"blocks": (), "rule": "confidence"}),
    ],
    ids=str,
)
def test_c_answers_like_its_twin_under_sanitizers(
    expect_rows, make_graph, compiler, write_firmware, tmp_path, n_steps, bits, shape
):
    rng = np.random.default_rng(n_steps)
    X = _series(rng, n_steps=n_steps)
    graph = _quantise(make_graph, X, bits, **shape)
    write_firmware(graph, X[:2].reshape(2, -1), tmp_path)
    readings = _any_bits(rng, X)
    program = build_harness(graph, tmp_path, "model", tmp_path, SANITIZERS)
    got = run_rows(program, readings, tmp_path)
    np.testing.assert_array_equal(got, expect_rows(graph, readings))
    assert set(got[:, 0]) <= {Status.OK, Status.INFINITE}
    integers = np.vstack([to_fixed(graph, X.reshape(len(X), -1)), readings.view(np.int32)])
    program = build_harness(graph, tmp_path, "model", tmp_path, (*SANITIZERS, "-DFIXED"))
    got = run_rows(program, integers, tmp_path)
    np.testing.assert_array_equal(got, expect_rows(graph, from_fixed(graph, integers)))
    assert not got[:, 0].any()


@pytest.mark.parametrize("bits", [8, 16])
def test_decider_is_exported_whole(decider, X, y, compiler, tmp_path, bits):
    report = export_firmware(
        decider,
        tmp_path / "ward",
        calibration_data=X,
        evaluation_data=(X, y),
        activation_bits=bits,
    )
    assert str(check_firmware(report, X)) == "120 of 120 rows identical"
    assert report.fidelity.identical > 0.95
    assert (report.twin.predict(X) == decider.predict(X)).mean() > 0.95
    header = (tmp_path / "ward/src/model.h").read_text()
    assert "#define MODEL_STEPS 7u" in header
    assert "#define MODEL_CHANNELS 4u" in header
    assert "7 steps of 4 channels" in (tmp_path / "ward/README.md").read_text()


def test_decider_on_emulated_chips(decider, X, tmp_path, emulated):
    report = export_firmware(decider, tmp_path / "ward", calibration_data=X)
    assert check_firmware(report, X[:20], target=emulated.name).identical == 20
    measured = report.targets[emulated.name]["O2"].constant_bytes
    assert measured == pytest.approx(report.flash_bytes["constants"], abs=32)  # alignment


def test_c_on_this_machine_and_training_in_integers(decider, X, compiler):
    twin = FixedPointClassifier(FrozenEstimator(decider), activation_bits=8, qat_epochs=1).fit(X)
    predictor = compile_predictor(twin)
    for got, wanted in zip(predictor.answers(X).logits, twin.answers(X).logits, strict=True):
        np.testing.assert_array_equal(got, wanted)
    answered = predictor.push(X[4].ravel().tolist(), predictor.new_state())
    assert answered.decision == twin.predict(X[4:5])[0]


def test_tables_grow_with_channels_not_with_steps_times_channels(make_graph):
    rng = np.random.default_rng(0)
    few, many = (
        _quantise(make_graph, _series(rng, n_steps=n_steps)[:, :, [0, 1] * 10])
        for n_steps in (6, 48)
    )
    tables = [constant_bytes(graph) for graph in (few, many)]
    assert tables[1] - tables[0] == 2 * (48 - 6)  # an age more for each step


def test_one_channel_in_a_table_with_names(X, y, network, compiler, tmp_path):
    table = pd.DataFrame(X[:, :, 0], columns=[f"hour {i}" for i in range(7)])
    decider = FusionDecider(make_pipeline(SeriesScaler(), network)).fit(table, y)
    report = export_firmware(decider, tmp_path / "rate", calibration_data=table)
    assert report.twin.integer_graph_.readings == tuple(table.columns)
    assert check_firmware(report, table).identical == len(table)
    # Readings that arrive one by one are not filled along a series by the float engine.
    assert make_engine(decider, None).name == "exact"


def test_what_is_refused_is_named(twin, decider, X, y, network):
    with pytest.raises(ExportError, match=r"name the reading\(s\) \['x0_1'\] of a series"):
        FixedPointClassifier(FrozenEstimator(decider), limits={"x0_1": (0, 1)}).fit(X)
    infinite = X.copy()
    infinite[3, 1, 2] = np.inf
    with pytest.raises(ValueError, match=r"'x1_2' is infinite \(in single precision\) in row 3"):
        twin.answers(infinite)
    for other in (X[:, :6], X[:, :, :3], X.reshape(len(X), -1), X.transpose(0, 2, 1)):
        with pytest.raises(ValueError, match=r"X has shape .*, expected \(n, 7, 4\): series of"):
            twin.readings(other)
    single = clone(network).fit(SeriesScaler().fit_transform(X[:, :, 0])[:, :, 0], y)
    pipeline = make_pipeline(SeriesScaler(), MinMaxScaler(), single)
    with pytest.raises(ExportError, match=r"'minmaxscaler' \(MinMaxScaler\) comes after a Series"):
        read_front_end(pipeline.steps[:-1])


def test_hours_of_physionet2012(compiler, real_data, network, tmp_path):
    stays = load_hours(real_data / "physionet2012")
    train, test = (rows[:most] for rows, most in zip(honest_split(stays), (500, 200), strict=True))
    network = clone(network).set_params(max_epochs=1, conv_channels=(16, 16), kernel_size=5)
    decider = FusionDecider(make_pipeline(SeriesScaler(), network))
    decider.fit(stays.data[train], stays.target["health"].iloc[train])
    report = export_firmware(
        decider,
        tmp_path / "stays",
        calibration_data=stays.data[train],
        evaluation_data=(stays.data[test], stays.target["health"].iloc[test]),
    )
    assert str(check_firmware(report, stays.data[test])) == "200 of 200 rows identical"
    assert report.fidelity.identical >= 0.99
