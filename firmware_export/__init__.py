"""Fitted estimators as fixed-point C for microcontrollers, with an exact twin in Python."""

from firmware_export._attribution import Cause
from firmware_export._check import FirmwareCheck, check_firmware
from firmware_export._counting import InstructionCount
from firmware_export._export import export_firmware
from firmware_export._fidelity import Fidelity, HeadFidelity, compare_with_float
from firmware_export._figures import HeadFigures
from firmware_export._footprint import FirmwareReport
from firmware_export._noise import LayerReport
from firmware_export._predictor import CompiledPredictor, RowAnswer, compile_predictor
from firmware_export._target_cost import TargetCost
from firmware_export._twin import FixedPointAnswers, FixedPointClassifier

__all__ = [
    "Cause",
    "CompiledPredictor",
    "Fidelity",
    "FirmwareCheck",
    "FirmwareReport",
    "FixedPointAnswers",
    "FixedPointClassifier",
    "HeadFidelity",
    "HeadFigures",
    "InstructionCount",
    "LayerReport",
    "RowAnswer",
    "TargetCost",
    "check_firmware",
    "compare_with_float",
    "compile_predictor",
    "export_firmware",
]
