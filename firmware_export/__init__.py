"""Fitted estimators as fixed-point C for microcontrollers, with an exact twin in Python."""

from firmware_export._check import FirmwareCheck, check_firmware
from firmware_export._counting import InstructionCount
from firmware_export._export import export_firmware
from firmware_export._footprint import FirmwareReport, LayerReport
from firmware_export._predictor import CompiledPredictor, RowAnswer, compile_predictor
from firmware_export._target_cost import TargetCost
from firmware_export._twin import FixedPointAnswers, FixedPointClassifier

__all__ = [
    "CompiledPredictor",
    "FirmwareCheck",
    "FirmwareReport",
    "FixedPointAnswers",
    "FixedPointClassifier",
    "InstructionCount",
    "LayerReport",
    "RowAnswer",
    "TargetCost",
    "check_firmware",
    "compile_predictor",
    "export_firmware",
]
