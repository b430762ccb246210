import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    StandardScaler,
)

from firmware_export import FixedPointClassifier, export_firmware
from firmware_export._columns import plain_front_end, read_front_end
from firmware_export._encoding import device_codes, encode_readings
from firmware_export._integer_readings import quantise_readings
from firmware_export._reference import scale_readings
from firmware_export._rows import BLANK, stack_windows
from skdualcnn import make_fusion_preprocessor
from skdualcnn.exceptions import ExportError
from skdualcnn.preprocessing import OutlierClipper, QuantileScaler, SlidingWindow


def _same_as_transform(steps, X):
    """Check the extracted columns against scikit-learn; returns the front end."""
    front_end = read_front_end(steps.steps if hasattr(steps, "steps") else [("prepare", steps)])
    scaled = scale_readings(front_end, encode_readings(front_end, X))
    wanted = np.asarray(steps.transform(X), dtype=np.float64)
    np.testing.assert_allclose(scaled.reshape(len(X), -1), wanted, atol=2e-6)
    return front_end


@pytest.fixture
def unseen(ward):
    """Return rows with values, gaps and categories that fitting has not seen."""
    X = ward[0].copy()
    rng = np.random.default_rng(5)
    X["Heart rate"] = X["Heart rate"] * 3 - 100
    X.loc[rng.random(len(X)) < 0.2, ["temperature", "SpO2", "never measured"]] = np.nan
    X.loc[3, "never measured"] = 7.0
    X.loc[rng.random(len(X)) < 0.2, "protocol"] = "coap"
    X.loc[rng.random(len(X)) < 0.2, "protocol"] = np.nan
    return X


def test_fusion_preprocessor(ward, unseen):
    X, _ = ward
    preprocessor = make_fusion_preprocessor(
        patient=["Heart rate", "SpO2", "constant", "never measured", "alarm"],
        environment=["temperature"],
        network=["bytes", "protocol", "qos"],
    ).fit(X)
    _same_as_transform(preprocessor, X)
    front_end = _same_as_transform(preprocessor, unseen)
    assert front_end.readings == tuple(X.columns)
    assert front_end.steps == len(preprocessor.get_feature_names_out())


def test_only_used_columns_are_readings_and_order_is_free(ward, unseen):
    X, _ = ward
    preprocessor = make_fusion_preprocessor(network=["protocol", "bytes"]).fit(X)
    front_end = _same_as_transform(preprocessor, unseen)
    assert front_end.readings == ("bytes", "protocol")
    shuffled = unseen[list(reversed(unseen.columns))]
    np.testing.assert_array_equal(
        encode_readings(front_end, shuffled), encode_readings(front_end, unseen)
    )


def test_columns_of_polars_are_found_by_name():
    polars = pytest.importorskip("polars")
    X = polars.DataFrame(
        {"rate": [60, None, 90], "spo2": [97, 95, None], "qos": ["0", None, "1"], "bed": [3, 5, 3]}
    )
    preprocessor = make_fusion_preprocessor(patient=["rate", "spo2"], network=["qos"], group="bed")
    pipeline = make_pipeline(preprocessor, SlidingWindow(1, by=-1)).fit(X)
    front_end = read_front_end(pipeline.steps)
    readings, devices = encode_readings(front_end, X), device_codes(front_end, X)
    np.testing.assert_array_equal(readings, [[60, 97, 0], [np.nan, 95, np.nan], [90, np.nan, 1]])
    shuffled = X.select(["bed", "qos", "spo2", "rate"])
    np.testing.assert_array_equal(encode_readings(front_end, shuffled), readings)
    np.testing.assert_array_equal(device_codes(front_end, shuffled), devices)


@pytest.mark.parametrize(
    "steps",
    [
        make_pipeline(MinMaxScaler()),
        make_pipeline(MinMaxScaler(feature_range=(-1, 2), clip=True)),
        make_pipeline(SimpleImputer(strategy="mean"), MinMaxScaler(clip=True)),
        make_pipeline(OutlierClipper(margin=0.1), SimpleImputer(), MinMaxScaler(clip=True)),
        make_pipeline(
            SimpleImputer(strategy="constant", fill_value=3.0, keep_empty_features=True),
            MinMaxScaler(clip=True),
        ),
        make_pipeline(SimpleImputer(add_indicator=True), OutlierClipper(), MinMaxScaler()),
        make_pipeline(SimpleImputer(add_indicator=True), MinMaxScaler(feature_range=(0, 2))),
        make_pipeline(SimpleImputer(), "passthrough", MinMaxScaler(clip=True)),
        make_pipeline(SimpleImputer(add_indicator=True), QuantileScaler(), MinMaxScaler(clip=True)),
        make_pipeline(QuantileScaler(n_quantiles=5), SimpleImputer(strategy="mean")),
        make_pipeline(OutlierClipper(margin=0.1), QuantileScaler(), SimpleImputer()),
        make_pipeline(SimpleImputer(), QuantileScaler(), OutlierClipper(quantile=0.2, margin=0.0)),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_numeric_steps(steps):
    rng = np.random.default_rng(0)
    X = rng.normal(50, 10, size=(120, 4))
    X[:, 3] = np.exp(X[:, 3] / 10).round()
    if isinstance(steps[0], SimpleImputer | OutlierClipper | QuantileScaler):
        X[rng.random(X.shape) < 0.2] = np.nan
        X[:, 2] = np.nan if isinstance(steps[0], SimpleImputer) else X[:, 2]
    steps.fit(X)
    _same_as_transform(steps, X)
    wider = np.where(np.isnan(X), np.nan, X * 2 - 50)
    _same_as_transform(steps, wider)


def test_constant_and_tied_columns_scaled_by_rank():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.full(100, 7.0), rng.poisson(0.3, 100), rng.random(100) < 0.1])
    front_end = _same_as_transform(QuantileScaler().fit(X), X)
    assert len(front_end.columns[0].curve.knots) == 1
    _same_as_transform(make_pipeline(QuantileScaler(), MinMaxScaler(clip=True)).fit(X), X + 0.3)


def test_windows_come_last(ward):
    X, _ = ward
    preprocessor = make_fusion_preprocessor(network=["bytes", "protocol"]).fit(X)
    row = read_front_end([("prepare", preprocessor)])
    window = SlidingWindow(5).fit(preprocessor.transform(X))
    front_end = read_front_end([("prepare", preprocessor), ("window", window)])
    assert front_end.readings == row.readings == ("bytes", "protocol")
    assert (front_end.window, front_end.steps, front_end.channels) == (5, 5, row.steps)
    assert front_end.row_inputs == row.steps
    bare = read_front_end([("window", SlidingWindow(3).fit(np.zeros((4, 2))))])
    assert (bare.readings, bare.steps, bare.channels) == (("x0", "x1"), 3, 2)
    scaler = MinMaxScaler().fit(np.zeros((4, 2)))
    with pytest.raises(ExportError, match=r"Step 'window' \(SlidingWindow\) cannot be turned"):
        read_front_end([("window", window), ("scale", scaler)])


@pytest.fixture
def mixed_devices(ward):
    """Return rows of three devices that take turns without any pattern."""
    X = ward[0].copy()
    X["device"] = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    return X


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("by", [None, -1])
@pytest.mark.parametrize("add_indicator", [False, True])
def test_windows_of_devices(mixed_devices, stride, by, add_indicator):
    preprocessor = make_fusion_preprocessor(
        patient=["SpO2", "Heart rate"],
        network=["bytes", "protocol"],
        group=None if by is None else "device",
    )
    window = SlidingWindow(4, stride, by=by, add_indicator=add_indicator)
    steps = make_pipeline(preprocessor, window).fit(mixed_devices)
    front_end = read_front_end(steps.steps)
    assert front_end.readings == ("Heart rate", "SpO2", "bytes", "protocol")
    assert (front_end.device is None) == (by is None)
    readings = encode_readings(front_end, mixed_devices)
    blank = np.full(readings.shape[1], BLANK) if add_indicator else None
    devices = device_codes(front_end, mixed_devices)
    windows = stack_windows(readings, 4, stride, devices, blank)
    wanted = np.asarray(steps.transform(mixed_devices))
    np.testing.assert_allclose(scale_readings(front_end, windows[:]), wanted, atol=2e-6)


@pytest.mark.parametrize("by", [None, -1])
def test_windows_of_changes(mixed_devices, by):
    preprocessor = make_fusion_preprocessor(
        patient=["SpO2", "Heart rate"],
        network=["bytes", "protocol"],
        group=None if by is None else "device",
    )
    window = SlidingWindow(4, 2, by=by, changes=[0, 1])
    steps = make_pipeline(preprocessor, window).fit(mixed_devices)
    front_end = read_front_end(steps.steps)
    assert front_end.changes == (0, 1)
    devices = device_codes(front_end, mixed_devices)
    windows = stack_windows(encode_readings(front_end, mixed_devices), 4, 2, devices)
    wanted = np.asarray(steps.transform(mixed_devices))
    assert wanted.min() < 0
    np.testing.assert_allclose(scale_readings(front_end, windows[:]), wanted, atol=2e-6)


def test_missing_readings_that_nothing_fills_are_marked(mixed_devices):
    X = mixed_devices[["device", "SpO2", "temperature"]].to_numpy()
    parts = [("device", "passthrough", [0]), ("scale", MinMaxScaler(clip=True), [1, 2])]
    window = SlidingWindow(3, by=0, add_indicator=True)
    steps = make_pipeline(ColumnTransformer(parts), window).fit(X)
    front_end = read_front_end(steps.steps)
    readings, devices = encode_readings(front_end, X), device_codes(front_end, X)
    assert np.isnan(readings).any()
    windows = stack_windows(readings, 3, 1, devices, np.full(2, BLANK))
    wanted = np.asarray(steps.transform(X))
    np.testing.assert_allclose(scale_readings(front_end, windows[:]), wanted, atol=2e-6)


@pytest.mark.parametrize("by", [0, "device"])
def test_devices_without_preprocessing(mixed_devices, by):
    X = mixed_devices[["device", "temperature"]]
    front_end = read_front_end([("window", SlidingWindow(3, by=by).fit(X))])
    assert (front_end.readings, front_end.device) == (("temperature",), ("device", 0))
    X = X.assign(device=np.where(X["device"] == 1, None, "a"))
    with pytest.raises(ValueError, match=r"'device' is missing in row .* Leave the row out"):
        device_codes(front_end, X)


@pytest.mark.parametrize("by", [0, 1])
def test_a_feature_cannot_tell_devices_apart(mixed_devices, by):
    parts = [
        ("scale", MinMaxScaler(), ["bytes"]),
        ("device", "passthrough", ["device"]),
        ("again", MinMaxScaler(), ["device"]),
    ]
    steps = make_pipeline(ColumnTransformer(parts), SlidingWindow(3, by=by)).fit(mixed_devices)
    with pytest.raises(ExportError, match=rf"has by={by}, which is more than a raw column"):
        read_front_end(steps.steps)


def test_category_of_missing_values(ward):
    X = ward[0][["qos", "protocol"]]
    imputed = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    transformer = ColumnTransformer(
        [("text", imputed, ["qos", "protocol"]), ("none", MinMaxScaler(), [])]
    ).fit(X)
    front_end = _same_as_transform(transformer, X)
    assert [column.missing for column in front_end.columns] == [2, None]


@pytest.mark.parametrize("trained_on", [None, np.nan, pd.NA], ids=repr)
def test_missing_text_is_one_category_in_every_form(trained_on):
    X = pd.DataFrame({"protocol": ["tcp", "udp", trained_on]}, dtype=object)
    preprocessor = make_fusion_preprocessor(network=["protocol"]).fit(X)
    for live in (None, np.nan, pd.NA):
        rows = pd.DataFrame({"protocol": ["udp", live, "icmp"]}, dtype=object)
        front_end = _same_as_transform(preprocessor, rows)
        assert np.isnan(encode_readings(front_end, rows)[1, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, object])
def test_missing_number_of_a_category_in_every_type(dtype):
    X = np.array([[0], [1], [np.nan], [1]]).astype(dtype)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    for steps in (make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot), one_hot):
        transformer = ColumnTransformer([("category", steps, [0])]).fit(X)
        front_end = _same_as_transform(transformer, X)
        assert np.isnan(encode_readings(front_end, X)[2, 0])


def test_columns_by_position_slice_and_mask():
    X = np.random.default_rng(0).normal(size=(30, 5))
    transformer = ColumnTransformer(
        [
            ("position", MinMaxScaler(), [4]),
            ("slice", MinMaxScaler(), slice(0, 2)),
            ("mask", MinMaxScaler(), [False, False, True, False, False]),
        ]
    ).fit(X)
    front_end = _same_as_transform(transformer, X)
    assert front_end.readings == ("x0", "x1", "x2", "x4")
    assert front_end.positions == (0, 1, 2, 4)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("in_a_transformer", [False, True])
def test_a_column_dropped_for_want_of_values_is_no_reading(
    small_network, tmp_path, in_a_transformer
):
    X = np.random.default_rng(0).random((40, 5))
    X[:, 2] = np.nan
    steps = [SimpleImputer(), MinMaxScaler(clip=True)]
    if in_a_transformer:
        steps = [ColumnTransformer([("numbers", make_pipeline(*steps), [0, 2, 3, 4])])]
    network = clone(small_network).set_params(max_epochs=1)
    pipeline = make_pipeline(*steps, network).fit(X, X[:, 0] > 0.5)
    twin = export_firmware(pipeline, tmp_path / "model", calibration_data=X).twin
    names = ("x0", "x3", "x4") if in_a_transformer else ("x0", "x1", "x3", "x4")
    assert twin.integer_graph_.readings == names
    np.testing.assert_allclose(twin.predict_proba(X), pipeline.predict_proba(X), atol=0.002)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (make_pipeline(StandardScaler()), r"'standardscaler' \(StandardScaler\) cannot be turned"),
        (make_pipeline(KNNImputer(), MinMaxScaler()), r"'knnimputer' \(KNNImputer\)"),
        (make_pipeline(MinMaxScaler(), OutlierClipper()), "comes after MinMaxScaler"),
        (make_pipeline(SimpleImputer(), SimpleImputer()), "comes after SimpleImputer"),
        (make_pipeline(SimpleImputer(missing_values=-1), MinMaxScaler()), "missing_values=-1"),
        (
            make_pipeline(ColumnTransformer([("n", MinMaxScaler(), [0, 1])]), MinMaxScaler()),
            "comes after a ColumnTransformer",
        ),
        (
            ColumnTransformer([("text", OneHotEncoder(drop="first"), [0])]),
            "has drop, min_frequency",
        ),
        (ColumnTransformer([("text", OneHotEncoder(), [0])]), "handle_unknown other than 'ignore'"),
        (
            ColumnTransformer([("power", PowerTransformer(), [0])]),
            r"Step 'prepare.power' \(PowerTransformer\)",
        ),
        (
            ColumnTransformer([("code", FunctionTransformer(np.abs), [0])]),
            r"\(FunctionTransformer\)",
        ),
        (
            ColumnTransformer(
                [
                    ("n", MinMaxScaler(), [0]),
                    ("c", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [0]),
                ]
            ),
            r"Column\(s\) \['x0'\] are used as a number and as a category",
        ),
    ],
    ids=str,
)
def test_unsupported_steps_are_named(steps, message):
    steps.fit(np.random.default_rng(0).normal(size=(20, 2)).round(1))
    with pytest.raises(ExportError, match=message):
        read_front_end(steps.steps if hasattr(steps, "steps") else [("prepare", steps)])


def test_readings_of_windows_and_arrays():
    front_end = plain_front_end(4, 2, None)
    assert front_end.readings[:3] == ("x0_0", "x0_1", "x1_0")
    X = np.arange(24).reshape(3, 4, 2)
    np.testing.assert_array_equal(encode_readings(front_end, X), X.reshape(3, 8))
    with pytest.raises(ValueError, match=r"X has 6 value\(s\) a row, expected at least 8"):
        encode_readings(front_end, X[:, :3])


def test_unusable_data_are_named(ward):
    X, _ = ward
    preprocessor = make_fusion_preprocessor(patient=["Heart rate", "SpO2"]).fit(X)
    front_end = read_front_end([("prepare", preprocessor)])
    with pytest.raises(ValueError, match=r"X lacks the column\(s\) \['SpO2'\]"):
        encode_readings(front_end, X[["Heart rate"]])
    with pytest.raises(ValueError, match="Column 'SpO2' holds something other than numbers"):
        encode_readings(front_end, X.assign(SpO2="high"))
    nullable = X.assign(SpO2=pd.array([1, None] * (len(X) // 2), dtype="Int64"))
    assert np.isnan(encode_readings(front_end, nullable)[1, 1])


def test_integer_inputs_are_the_rounded_float_inputs(decider, ward):
    X, _ = ward
    twin = FixedPointClassifier(FrozenEstimator(decider)).fit(X)
    graph = twin.integer_graph_
    readings = twin.readings(X)
    scaled = scale_readings(twin.graph_.front_end, readings)
    integers = quantise_readings(graph, readings)
    # Half a step of rounding, and the readings' own single precision.
    difference = np.abs(integers - scaled / graph.tensors[0].scale).max()
    assert difference < 0.6 + 32767 * 2e-6


def test_too_fine_for_single_precision(small_network):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"clock": 1.7e9 + rng.random(60) * 1000, "x": rng.random(60)})
    y = rng.integers(0, 2, 60)
    network = clone(small_network).set_params(max_epochs=1)
    pipeline = make_pipeline(MinMaxScaler(clip=True), network).fit(X, y)
    with pytest.warns(UserWarning, match=r"'clock' ranges from 1.7e.09 .* only to 1/8, so"):
        FixedPointClassifier(FrozenEstimator(pipeline)).fit(X)
    ranked = make_pipeline(QuantileScaler(), network).fit(X, y)
    with pytest.warns(UserWarning, match=r"'clock' ranges from 1.7e.09 .* only to 1/\d+, so"):
        FixedPointClassifier(FrozenEstimator(ranked)).fit(X)
    far = make_pipeline(MinMaxScaler(clip=True), network).fit(X.assign(clock=X["x"] * 1e39), y)
    with pytest.raises(ExportError, match=r"'clock' ranges from .* single precision cannot hold"):
        FixedPointClassifier(FrozenEstimator(far)).fit(X)


def test_knots_that_single_precision_cannot_tell_apart_are_a_jump(small_network):
    rng = np.random.default_rng(0)
    below, above = 0.7, np.nextafter(0.7, 1)
    values = np.concatenate([rng.random(100), np.full(100, below), np.full(100, above)])
    X = values[:, None] * [1.0, 0.0, 1e-30]
    network = clone(small_network).set_params(max_epochs=1)
    pipeline = make_pipeline(QuantileScaler(), network).fit(X, rng.integers(0, 2, 300))
    pipeline[0].knots_[0] = np.array([0.0, below, above, 1.0])
    pipeline[0].levels_[0] = np.array([0.0, 0.4, 0.7, 1.0])
    with pytest.warns(UserWarning, match=r"'x2' ranges from .* nearer to zero than 8e-25 count as"):
        twin = FixedPointClassifier(FrozenEstimator(pipeline)).fit(X)
    ends = np.array([[0.0, 0.0, 0.0], [0.699, 9.0, 1e-20], [0.701, -9.0, 1e-6], [1.0, 1.0, 1.0]])
    tensor = twin.integer_graph_.tensors[0]
    inputs = twin.layer_integers(ends)["input"][:, :, 0] * tensor.scale
    np.testing.assert_allclose(inputs[:, :2], pipeline[0].transform(ends)[:, :2], atol=1e-4)
    assert (np.diff(inputs[:, 2]) >= 0).all()


def test_unlimited_and_categorical_columns_share_the_input(ward, small_network):
    X, y = ward
    X = X[["temperature", "protocol"]].assign(temperature=X["temperature"] / 1000)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    transformer = ColumnTransformer(
        [("number", "passthrough", ["temperature"]), ("text", one_hot, ["protocol"])]
    )
    network = clone(small_network).set_params(max_epochs=1)
    pipeline = make_pipeline(transformer, network).fit(X, y)
    twin = FixedPointClassifier(FrozenEstimator(pipeline)).fit(X)
    tensor = twin.integer_graph_.tensors[0]
    wanted = pipeline[:-1].transform(X)
    inputs = twin.layer_integers(X)["input"][:, :, 0] * tensor.scale
    np.testing.assert_allclose(inputs, wanted, atol=tensor.scale)
