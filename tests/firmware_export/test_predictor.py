import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from firmware_export import FixedPointClassifier, _predictor, compile_predictor
from firmware_export._integer_readings import Status
from skdualcnn.exceptions import ExportError
from skdualcnn.preprocessing import SlidingWindow


@pytest.fixture(scope="module")
def predictor(compiler, decider, ward):
    return compile_predictor(decider, ward[0])


@pytest.fixture(scope="module")
def window_predictor(compiler, window_decider, ward):
    return compile_predictor(window_decider, ward[0])


def _assert_equal(got, wanted):
    for one, other in zip(got.logits, wanted.logits, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(got.probabilities, wanted.probabilities, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(got.classes, wanted.classes)
    np.testing.assert_array_equal(got.decisions, wanted.decisions)


@pytest.mark.parametrize("name", ["predictor", "window_predictor"])
def test_bulk_answers_are_the_twins(name, ward, request):
    one = request.getfixturevalue(name)
    _assert_equal(one.answers(ward[0]), one.twin.answers(ward[0]))


@pytest.mark.parametrize("bits", [8, 16])
def test_bulk_answers_with_global_pooling_are_the_twins(compiler, small_network, ward, bits):
    X, y = ward[0][["Heart rate", "temperature"]], ward[1]
    network = clone(small_network).set_params(global_pooling=True, max_epochs=2)
    pipeline = make_pipeline(SlidingWindow(7), network).fit(X, y)
    twin = FixedPointClassifier(FrozenEstimator(pipeline), activation_bits=bits).fit(X)
    got, wanted = compile_predictor(twin).answers(X), twin.answers(X)
    for one, other in zip(got.logits, wanted.logits, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["predictor", "window_predictor"])
def test_pushed_rows_are_decided_like_the_table(name, ward, request):
    one = request.getfixturevalue(name)
    rows = ward[0].loc[:, list(one.reading_names)].astype(object).to_numpy()[:60]
    state = one.new_state()
    answers = [one.push(row, state) for row in rows]
    assert {answer.status for answer in answers} == {Status.OK}
    wanted = one.twin.predict(ward[0][:60])
    np.testing.assert_array_equal([answer.decision for answer in answers], wanted)
    for head, probabilities in enumerate(one.twin.predict_proba(ward[0][:60])):
        got = [answer.probabilities[head] for answer in answers]
        np.testing.assert_array_equal(got, probabilities)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_whatever_says_missing_in_a_row_is_missing(predictor, ward, missing):
    rows = ward[0][:1].astype(object)
    rows["temperature"] = [missing]
    answer = predictor.push(list(rows.iloc[0][list(predictor.reading_names)]), bytearray())
    assert answer.status == Status.OK
    assert answer.decision == predictor.twin.predict(rows)[0]


def test_refused_row_leaves_the_state(window_predictor, ward):
    row = list(ward[0].loc[:, list(window_predictor.reading_names)].iloc[0])
    state = window_predictor.new_state()
    window_predictor.push(row, state)
    before = bytes(state)
    row[0] = np.inf
    answer = window_predictor.push(row, state)
    assert (answer.status, answer.decision, bytes(state)) == (Status.INFINITE, None, before)


def test_state_of_another_model_is_refused(predictor, window_predictor, ward):
    row = list(ward[0].loc[:, list(window_predictor.reading_names)].iloc[0])
    with pytest.raises(ValueError, match=r"state has 0 byte\(s\), expected the \d+ of this model"):
        window_predictor.push(row, predictor.new_state())
    with pytest.raises(ValueError, match="expected the 0 of this model"):
        predictor.push(row, window_predictor.new_state())


def test_refused_table_says_which_reading(predictor, ward):
    X = ward[0].copy()
    X.loc[3, "temperature"] = np.inf
    with pytest.raises(ValueError, match=r"'temperature' is infinite .* in row 3"):
        predictor.answers(X)


def test_threads_do_not_disturb_each_other(window_predictor, ward):
    wanted = window_predictor.twin.answers(ward[0])
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(window_predictor.answers, [ward[0]] * 8):
            _assert_equal(got, wanted)


def test_pickling_builds_anew(window_predictor, ward):
    again = pickle.loads(pickle.dumps(window_predictor))
    _assert_equal(again.answers(ward[0]), window_predictor.answers(ward[0]))


def test_a_compiler_that_does_not_know_this_processor_builds_for_any(
    predictor, decider, ward, monkeypatch
):
    monkeypatch.setattr(_predictor, "THIS_PROCESSOR", "-march=no-such-processor")
    slower = compile_predictor(decider, ward[0])
    _assert_equal(slower.answers(ward[0]), predictor.answers(ward[0]))


def test_bad_rows_and_estimators(predictor, decider):
    with pytest.raises(ValueError, match=r"1 value\(s\), expected one for each of \["):
        predictor.push([1.0], predictor.new_state())
    row = ["high"] * len(predictor.reading_names)
    with pytest.raises(ValueError, match="something other than numbers"):
        predictor.push(row, predictor.new_state())
    with pytest.raises(ExportError, match="calibration_data is None, expected rows to set the"):
        compile_predictor(decider)
    with pytest.raises(NotFittedError):
        compile_predictor(FixedPointClassifier(FrozenEstimator(decider)))
