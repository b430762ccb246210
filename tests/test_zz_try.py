from sklearn.utils.estimator_checks import parametrize_with_checks
from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn.preprocessing import SlidingWindow
@parametrize_with_checks([SlidingWindow(), FusionDecider(DualPathCNNClassifier(max_epochs=20))])
def test_try(estimator, check):
    check(estimator)
