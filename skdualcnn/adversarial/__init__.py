"""Readings moved within the accuracy of their sensors, and training against them."""

from skdualcnn.adversarial._accuracy import SENSOR_ACCURACY, SensorAccuracy, accuracy_of_features
from skdualcnn.adversarial._attack import perturb_readings
from skdualcnn.network._adversarial import AdversarialTraining

__all__ = [
    "SENSOR_ACCURACY",
    "AdversarialTraining",
    "SensorAccuracy",
    "accuracy_of_features",
    "perturb_readings",
]
