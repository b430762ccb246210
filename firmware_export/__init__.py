"""Fitted estimators as fixed-point C for microcontrollers, with an exact twin in Python."""

from firmware_export._check import FirmwareCheck, check_firmware
from firmware_export._export import export_firmware
from firmware_export._footprint import FirmwareReport, LayerReport
from firmware_export._twin import FixedPointAnswers, FixedPointClassifier

__all__ = [
    "FirmwareCheck",
    "FirmwareReport",
    "FixedPointAnswers",
    "FixedPointClassifier",
    "LayerReport",
    "check_firmware",
    "export_firmware",
]
