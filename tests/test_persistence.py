import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)
from skorch.callbacks import GradientNormClipping

from skdualcnn import (
    DualPathCNNClassifier,
    FusionDecider,
    HeadClassifier,
    _persistence,
    load,
    make_fusion_preprocessor,
    save,
)
from skdualcnn._model_file import read_model_file, write_model_file
from skdualcnn._persistence import load_trained, save_trained
from skdualcnn.exceptions import (
    ArchitectureError,
    DeviceError,
    ModelFileError,
    ModelVersionWarning,
)
from skdualcnn.network import ARCHITECTURES
from skdualcnn.network._architectures import SHAPE_PARAMETERS
from skdualcnn.preprocessing import (
    GapImputer,
    HampelFilter,
    OutlierClipper,
    PlausibilityLimiter,
    QuantileScaler,
    SlidingWindow,
    flatten_windows,
)

N = 60


@pytest.fixture
def reload(tmp_path):
    def save_and_load(estimator):
        return load(save(estimator, tmp_path / "model.safetensors"))

    return save_and_load


def small(**parameters):
    defaults = {
        "conv_channels": (3,),
        "dense_units": 5,
        "max_epochs": 2,
        "lr": 0.01,
        "random_state": 0,
    }
    return DualPathCNNClassifier(**{**defaults, **parameters})


def signals(windowed=False):
    rng = np.random.default_rng(0)
    return rng.random((N, 6, 2) if windowed else (N, 6)).astype(np.float32)


def ward():
    """Return rows with gaps, text and flags, and the labels of two heads."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "heart_rate": rng.normal(80, 9, N),
            "spo2": rng.normal(97, 1, N),
            "temperature": rng.normal(21, 1, N),
            "bytes": rng.lognormal(5, 2, N),
            "protocol": rng.choice(["tcp", "udp", "mqtt"], N),
            "retain": rng.integers(0, 2, N).astype(bool),
        }
    )
    X.loc[3:9, "heart_rate"] = np.nan
    X.loc[5, "protocol"] = None
    y = pd.DataFrame(
        {
            "health": rng.choice(["normal", "hypoxia"], N),
            "cyber": rng.choice(["normal", "dos", "spoofing"], N),
        }
    )
    y.loc[:4, "health"] = None
    return X, y


def ward_pipeline(**parameters):
    preprocessor = make_fusion_preprocessor(
        patient=["heart_rate", "spo2"],
        environment=["temperature"],
        network=make_column_selector(pattern="bytes|protocol|retain"),
    )
    return make_pipeline(preprocessor, small(**parameters))


def assert_same(left, right):
    """Assert equal types and content, all the way down."""
    assert type(left) is type(right)
    if isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    elif isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right)
    elif isinstance(left, torch.nn.Module):
        assert_same(
            {name: one.numpy() for name, one in left.state_dict().items()},
            {name: one.numpy() for name, one in right.state_dict().items()},
        )
    elif hasattr(left, "module_"):
        assert_same(left.module_, right.module_)
        assert left.history[:, "train_loss"] == right.history[:, "train_loss"]
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    elif isinstance(left, dict):
        assert_same(list(left), list(right))
        assert_same(list(left.values()), list(right.values()))
    elif hasattr(left, "__dict__") and not callable(left):
        assert_same(vars(left), vars(right))
    else:
        assert repr(left) == repr(right)


def labels(*kinds):
    X = signals()
    of_kind = {
        "int": np.where(X[:, 0] > 0.5, 7, -2),
        "float": np.where(X[:, 1] > 0.5, 0.5, 2.0).round(),
        "str": np.where(X[:, 2] > 0.7, "normal", np.where(X[:, 2] > 0.3, "hypoxia", "å")),
        "bool": X[:, 3] > 0.5,
    }
    columns = [of_kind[kind] for kind in kinds]
    if len(columns) == 1:
        return columns[0]
    return pd.DataFrame(
        {f"{kind}_{i}": one for i, (kind, one) in enumerate(zip(kinds, columns, strict=True))}
    )


@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize(
    "kinds", [("int",), ("float",), ("str",), ("bool",), ("int", "str"), ("bool", "float", "str")]
)
def test_classifiers(reload, sharing, kinds):
    X, y = signals(), labels(*kinds)
    clf = small(sharing=sharing).fit(X, y)
    loaded = reload(clf)
    assert_same(loaded.predict_proba(X), clf.predict_proba(X))
    assert_same(loaded.predict(X), clf.predict(X))
    assert_same(loaded.classes_, clf.classes_)
    assert_same(loaded, clf)


@pytest.mark.parametrize(
    "parameters",
    [
        {"residual_blocks": 2, "activation": "relu", "pool_size": 1},
        {"global_pooling": np.bool_(True), "residual_blocks": 1},
        {"conv_channels": [4, np.int64(3)], "early_stopping": True, "max_epochs": 4},
        {"class_weight": [{"hypoxia": 2.0, "normal": 1, "å": np.float32(3)}]},
        {"class_weight": "balanced", "verbose": 1, "dense_units": np.int32(6)},
        {"random_state": np.random.RandomState(5), "weight_decay": 1e-3, "callbacks": []},
    ],
)
def test_parameters(reload, parameters):
    clf = small(**parameters).fit(signals(), labels("str"))
    loaded = reload(clf)
    assert_same(loaded.predict_proba(signals()), clf.predict_proba(signals()))
    assert_same(loaded.history_, clf.history_)
    state = loaded.get_params().pop("random_state"), clf.get_params().pop("random_state")
    assert repr({**loaded.get_params(), "random_state": 0}) == repr(
        {**clf.get_params(), "random_state": 0}
    )
    if isinstance(state[0], np.random.RandomState):
        assert state[0].randint(10**9) == state[1].randint(10**9)


def test_a_window_classifier(reload):
    X = signals(windowed=True)
    clf = small().fit(X, labels("int", "str"))
    loaded = reload(clf)
    assert loaded.input_shape_ == (2, 6)
    assert_same(loaded.predict_proba(X), clf.predict_proba(X))


def test_a_named_architecture(reload):
    X = np.random.default_rng(0).random((N, 16)).astype(np.float32)
    clf = small(architecture="compact", conv_channels=None, dense_units=None)
    loaded = reload(clf.fit(X, labels("int")))
    assert (loaded.architecture, loaded.conv_channels) == ("compact", None)
    assert_same(loaded, clf)
    assert_same(clone(loaded).fit(X, labels("int")).predict_proba(X), clf.predict_proba(X))


def test_a_file_from_before_architectures_had_names_and_rates_fell(tmp_path):
    X, paper = signals(), {name: getattr(ARCHITECTURES["paper"], name) for name in SHAPE_PARAMETERS}
    clf = small(**paper).fit(X, labels("int"))
    document, arrays = read_model_file(save(clf, tmp_path / "new"))
    del document["estimator"]["parameters"]["architecture"]
    settings = document["estimator"]["fitted"]["nets_"][0]["settings"]["items"]
    settings[:] = [item for item in settings if item[0] != "lr_schedule"]
    loaded = load(write_model_file(tmp_path / "old", document, arrays))
    assert_same(loaded, clf)
    assert_same(clone(loaded).fit(X, labels("int")).predict_proba(X), clf.predict_proba(X))


def test_a_file_from_before_global_pooling(tmp_path):
    X, y = signals(), labels("int")
    clf = small(warm_start=True).fit(X, y)
    document, arrays = read_model_file(save(clf, tmp_path / "new"))
    del document["estimator"]["parameters"]["global_pooling"]
    module = dict(document["estimator"]["fitted"]["nets_"][0]["settings"]["items"])["module"]
    module["items"] = [item for item in module["items"] if item[0] != "global_pooling"]
    loaded = load(write_model_file(tmp_path / "old", document, arrays))
    assert_same(loaded, clf)
    with pytest.raises(ArchitectureError, match="global_pooling from False to True"):
        loaded.set_params(global_pooling=True).fit(X, y)


def test_training_goes_on_at_the_same_learning_rates(reload):
    loaded = reload(small(lr_schedule="cosine").fit(signals(), labels("int")))
    assert dict(loaded.net_.callbacks_)["lr_schedule"].schedule == "cosine"


def test_parameters_changed_after_fitting_do_not_change_the_net(reload):
    clf = small().fit(signals(), labels("int")).set_params(dense_units=99, lr=0.5)
    loaded = reload(clf)
    assert loaded.dense_units == 99
    assert loaded.net_.lr == 0.01
    assert_same(loaded.predict_proba(signals()), clf.predict_proba(signals()))


def test_feature_names_and_the_order_of_columns(reload):
    X = pd.DataFrame(signals(), columns=list("abcdef"))
    clf = small().fit(X, labels("int"))
    loaded = reload(clf)
    assert_same(loaded.feature_names_in_, clf.feature_names_in_)
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X[list("fedcba")])


def test_an_unfitted_estimator(reload):
    decider = FusionDecider(ward_pipeline(), thresholds=(0.4, 0.6), normal=("normal", "normal"))
    loaded = reload(decider)
    assert loaded.get_params().keys() == decider.get_params().keys()
    assert loaded.thresholds == (0.4, 0.6)
    assert not hasattr(loaded, "estimator_")
    assert_same(loaded.fit(*ward()).predict(ward()[0]), decider.fit(*ward()).predict(ward()[0]))


def test_clone_and_fit_after_loading(reload):
    X, y = signals(), labels("int", "str")
    clf = small().fit(X, y)
    again = clone(reload(clf)).fit(X, y)
    assert_same(again.predict_proba(X), clf.predict_proba(X))


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_training_goes_on_after_loading(reload, sharing):
    X, y = signals(), labels("int", "str")
    clf = small(sharing=sharing, warm_start=True).fit(X, y)
    loaded = reload(clf).fit(X, y).partial_fit(X, y)
    paths = 1 if sharing == "trunk" else 2
    assert len(loaded.history_) == 5 * paths
    assert loaded.history_["epoch"].tolist() == [1, 2, 3, 4, 5] * paths
    curve = loaded.history_["train_loss"].to_numpy()
    assert curve[4] < curve[0]


def test_decider(reload):
    X, y = ward()
    decider = FusionDecider(ward_pipeline(), delta=0.2, abstention=0.1).fit(X, y)
    loaded = reload(decider)
    assert_same(loaded.predict_proba(X), decider.predict_proba(X))
    assert_same(loaded.decision_function(X), decider.decision_function(X))
    assert_same(loaded.predict(X), decider.predict(X))
    assert_same(loaded.explain_decisions(X), decider.explain_decisions(X))
    assert_same(loaded.normal_, decider.normal_)
    assert_same(
        loaded.estimator_[0].get_feature_names_out(), decider.estimator_[0].get_feature_names_out()
    )


@pytest.mark.parametrize("frozen", [False, True])
def test_one_head(reload, frozen):
    X, y = ward()
    X, y = X[5:], y[5:]
    inner = FrozenEstimator(ward_pipeline().fit(X, y)) if frozen else ward_pipeline()
    view = HeadClassifier(inner, head="cyber").fit(X, y)
    loaded = reload(view)
    assert_same(loaded.predict_proba(X), view.predict_proba(X))
    assert_same(loaded.classes_, view.classes_)


def test_a_window_pipeline(reload):
    X, y = signals(), labels("int")
    pipe = make_pipeline(
        QuantileScaler(n_quantiles=5), StandardScaler(), "passthrough", SlidingWindow(5), small()
    ).fit(X, y)
    assert_same(reload(pipe).predict_proba(X), pipe.predict_proba(X))


@pytest.mark.parametrize(
    "transformer",
    [
        OutlierClipper(quantile=0.05),
        QuantileScaler(n_quantiles=4),
        MinMaxScaler(feature_range=(-1, 1), clip=True),
        StandardScaler(with_mean=False),
        SimpleImputer(missing_values=pd.NA, strategy="constant", fill_value=np.float32(0.5)),
        SimpleImputer(add_indicator=True),
        MissingIndicator(features="all"),
        FunctionTransformer(),
        FunctionTransformer(flatten_windows, kw_args={}),
        OneHotEncoder(dtype=np.float32, sparse_output=False, max_categories=3),
        Pipeline([("scale", MinMaxScaler().set_output(transform="pandas"))]),
        FrozenEstimator(MinMaxScaler().fit([[0.0] * 6, [1.0] * 6])),
        SlidingWindow(length=3),
        SlidingWindow(length=3, stride=2, by=0, add_indicator=True),
        HampelFilter(5, by=0, columns=[1, 2]),
        GapImputer(2, by=0, add_age=True),
        PlausibilityLimiter({1: (0.2, 0.8), 2: (0.0, 0.5, "V", "data sheet")}),
    ],
)
def test_transformers(reload, transformer):
    X = signals().round(1)
    fitted = transformer.fit(X, None)
    loaded = reload(fitted)
    assert_same(loaded.transform(X), fitted.transform(X))
    assert_same(loaded, fitted)


@pytest.mark.parametrize("remainder", ["drop", "passthrough", MinMaxScaler()])
def test_kinds_of_columns(reload, remainder):
    X, _ = ward()
    mask = X.columns == "temperature"
    transformer = ColumnTransformer(
        [
            ("text", OneHotEncoder(drop="first", sparse_output=False), ["protocol"]),
            ("name", FunctionTransformer(feature_names_out="one-to-one"), X.columns[:1]),
            ("slice", "passthrough", slice("spo2", "temperature")),
            ("mask", MinMaxScaler(), mask),
            ("number", "drop", [3]),
            ("none", MinMaxScaler(), []),
        ],
        transformer_weights={"text": 2.0},
        sparse_threshold=0,
    )
    if remainder != "drop":
        transformer = ColumnTransformer([("text", "drop", ["protocol"])], remainder=remainder)
    transformer.set_output(transform="pandas").fit(X)
    loaded = reload(transformer)
    assert_same(loaded.transform(X), transformer.transform(X))
    assert_same(loaded.get_feature_names_out(), transformer.get_feature_names_out())
    assert_same(loaded.fit_transform(X), transformer.fit_transform(X))


def test_metadata_requests(reload):
    with config_context(enable_metadata_routing=True):
        clf = small().set_fit_request(sample_weight=True, groups="patient")
        requests = reload(clf).get_metadata_routing().fit.requests
        assert requests == clf.get_metadata_routing().fit.requests
    assert requests["groups"] == "patient"


def test_a_fresh_process_gives_the_same_bits_and_unpickles_nothing(tmp_path):
    X, y = ward()
    decider = FusionDecider(ward_pipeline()).fit(X, y)
    save(decider, tmp_path / "model.safetensors")
    X.to_csv(tmp_path / "rows.csv", index=False, float_format="%.17g")
    script = """if True:
        import sys, numpy as np, pandas as pd
        from skdualcnn import load
        def watch(event, arguments):
            assert not event.startswith(("pickle.", "os.system", "subprocess.")), event
        X = pd.read_csv("rows.csv")
        sys.addaudithook(watch)
        np.save("scores.npy", load("model.safetensors").decision_function(X))
    """
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    X = pd.read_csv(tmp_path / "rows.csv")
    assert_same(np.load(tmp_path / "scores.npy"), decider.decision_function(X))


def test_loading_leaves_the_random_generators_alone(tmp_path):
    path = save(small(random_state=None).fit(signals(), labels("int")), tmp_path / "model")
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    load(path)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])


class Mine(DualPathCNNClassifier):
    pass


def with_note():
    clf = small()
    clf.note = "mine"
    return clf


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (FusionDecider(GradientBoostingClassifier()), r"FusionDecider\.estimator is GradientBoos"),
        (make_pipeline(GradientBoostingClassifier()), r"Pipeline\.steps\[0\]\[1\] is GradientBoos"),
        (GridSearchCV(small(), {"lr": [1e-3]}), "of a search save its best_estimator_"),
        (Mine(), "Mine is Mine of"),
        (FunctionTransformer(np.log1p), r"FunctionTransformer\.func is (log1p|ufunc) of"),
        (FunctionTransformer(lambda X: X), "flatten_windows"),
        (small(callbacks=[GradientNormClipping(1)]), r"set_params\(callbacks=None\)"),
        (Pipeline([("a", "passthrough")], memory="cache"), r"set_params\(memory=None\)"),
        (with_note(), r"note is neither.*del estimator\.note"),
        (DualPathCNNClassifier, "the class DualPathCNNClassifier to save"),
        ({"a": small()}, "a dict to save, expected an instance of one of"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path, estimator, message):
    with pytest.raises(ModelFileError, match=message):
        save(estimator, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_callbacks_can_be_dropped_after_fitting(reload):
    X, y = signals(), labels("int")
    clf = small(callbacks=[GradientNormClipping(1)]).fit(X, y).set_params(callbacks=None)
    assert_same(reload(clf).predict_proba(X), clf.predict_proba(X))


def test_another_minor_version_of_scikit_learn_is_a_warning(tmp_path, monkeypatch):
    here = _persistence.describe_environment()
    major, minor, *_ = here["scikit-learn"].split(".")
    for version, warned in ((f"{major}.{minor}.99", False), (f"{major}.99.0", True)):
        with monkeypatch.context() as patch:
            versions = {**here, "scikit-learn": version}
            patch.setattr(_persistence, "describe_environment", lambda v=versions: v)
            path = save(MinMaxScaler(), tmp_path / "model")
        if warned:
            with pytest.warns(ModelVersionWarning, match=r"saved with scikit-learn \d+\.99\.0"):
                load(path)
        else:
            load(path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the machine has a GPU")
def test_a_model_from_a_gpu(tmp_path):
    clf = small().fit(signals(), labels("int")).set_params(device="cuda")
    path = save(make_pipeline(clf), tmp_path / "model")
    with pytest.raises(DeviceError):
        load(path)
    loaded = load(path, device="cpu")
    assert loaded[-1].device == "cpu"
    assert_same(loaded.predict_proba(signals()), clf.predict_proba(signals()))


def test_a_note_stays_in_the_file_and_is_no_part_of_the_estimator(tmp_path):
    path = tmp_path / "model.safetensors"
    estimator = QuantileScaler(n_quantiles=9)
    plain = save(estimator, path).read_bytes()
    assert load_trained(path)[1] == {}
    save_trained(estimator, path, {"seed": 3, "patient": ["spo2"]})
    loaded, trained_on = load_trained(path)
    assert loaded.get_params() == estimator.get_params()
    assert trained_on == {"seed": 3, "patient": ["spo2"]}
    assert save(load(path), path).read_bytes() == plain


def test_a_note_of_another_form_is_refused(tmp_path):
    path = save(QuantileScaler(), tmp_path / "model.safetensors")
    document, arrays = read_model_file(path)
    write_model_file(path, {**document, "trained_on": ["beds.csv"]}, arrays)
    with pytest.raises(ModelFileError, match="trained_on is a list"):
        load_trained(path)
