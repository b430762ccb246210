"""The common checks of scikit-learn on everything that calls itself an estimator."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skdualcnn import DualPathCNNClassifier
from skdualcnn.preprocessing import OutlierClipper, QuantileScaler

ESTIMATORS = [
    DualPathCNNClassifier(),
    DualPathCNNClassifier(early_stopping=True),
    DualPathCNNClassifier(sharing="none"),
    OutlierClipper(),
    QuantileScaler(),
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_accepts(estimator, check):
    check(estimator)
