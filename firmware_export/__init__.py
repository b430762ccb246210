"""Fitted estimators as fixed-point C for microcontrollers, with an exact twin in Python."""

from firmware_export._attribution import Cause
from firmware_export._check import FirmwareCheck, check_firmware
from firmware_export._export import export_firmware
from firmware_export._fidelity import Fidelity, HeadFidelity, compare_with_float
from firmware_export._figures import HeadFigures
from firmware_export._footprint import FirmwareReport
from firmware_export._noise import LayerReport
from firmware_export._twin import FixedPointAnswers, FixedPointClassifier

__all__ = [
    "Cause",
    "Fidelity",
    "FirmwareCheck",
    "FirmwareReport",
    "FixedPointAnswers",
    "FixedPointClassifier",
    "HeadFidelity",
    "HeadFigures",
    "LayerReport",
    "check_firmware",
    "compare_with_float",
    "export_firmware",
]
