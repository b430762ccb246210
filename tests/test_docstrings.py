"""Public docstrings are complete, by numpydoc's own validation."""

import inspect
from dataclasses import is_dataclass
from importlib import import_module

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator

from skdualcnn import DualPathCNNClassifier, FusionDecider, TunedFusionDecider
from skdualcnn.conformal import ConformalFusionDecider

validation = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed")
NumpyDocString = pytest.importorskip("numpydoc.docscrape").NumpyDocString

MODULES = [
    "firmware_export",
    "skdualcnn",
    "skdualcnn.baselines",
    "skdualcnn.adversarial",
    "skdualcnn.conformal",
    "skdualcnn.datasets",
    "skdualcnn.drift",
    "skdualcnn.explanation",
    "skdualcnn.federated",
    "skdualcnn.gateway",
    "skdualcnn.inspection",
    "skdualcnn.metrics",
    "skdualcnn.model_card",
    "skdualcnn.model_selection",
    "skdualcnn.network",
    "skdualcnn.partitions",
    "skdualcnn.preprocessing",
    "skdualcnn.streaming",
]
IGNORED = {
    "ES01",  # an extended summary where one line says it all
    "EX01",  # an example for every method
    "GL01",  # summaries start on the line of the quotes
    "GL08",  # inherited methods without a docstring of their own
    "RT03",  # a description of a return value that its type line gives
    "SA01",  # a "See Also" for every method
    "SS06",  # summaries of one line only
    "YD01",  # yields
}
NOUNS = {"SS05"}  # first words such as "class" are taken for verbs


def public_objects():
    """Return the dotted names of public functions, classes and their public methods."""
    names = []
    for module_name in MODULES:
        module = import_module(module_name)
        public = getattr(module, "__all__", None) or [
            name
            for name, found in vars(module).items()
            if not name.startswith("_") and getattr(found, "__module__", "") == module_name
        ]
        for name in public:
            found = getattr(module, name)
            if not (inspect.isclass(found) or inspect.isfunction(found)):
                continue
            names.append(f"{module_name}.{name}")
            if inspect.isclass(found):
                names += [
                    f"{module_name}.{name}.{method}"
                    for method, function in vars(found).items()
                    if not method.startswith("_") and inspect.isfunction(function)
                ]
    return sorted(set(names))


@pytest.mark.parametrize("name", public_objects())
def test_docstring_is_complete(name):
    ignored = IGNORED | NOUNS
    if is_dataclass(validation.Validator._load_obj(name)):
        ignored |= {"PR01"}  # fields of a result are attributes
    errors = validation.validate(name)["errors"]
    assert [error for error in errors if error[0] not in ignored] == []


def test_fitted_attributes_are_documented():
    X = np.random.default_rng(0).random((80, 3))
    y = (X[:, :2] > 0.5).astype(int)
    decider = FusionDecider(DualPathCNNClassifier(max_epochs=1, random_state=0)).fit(X, y)
    tuned = TunedFusionDecider(decider, cv="prefit").fit(X, y)
    careful = ConformalFusionDecider(FrozenEstimator(decider)).fit(X, y)
    for estimator in (decider.estimator_, decider, tuned, careful):
        fitted = {name for name in vars(estimator) if name.endswith("_") and name[0] != "_"}
        documented = {one.name for one in NumpyDocString(estimator.__doc__)["Attributes"]}
        assert fitted <= documented, type(estimator).__name__
