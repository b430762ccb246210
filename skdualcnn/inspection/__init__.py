"""Displays of training, scores and decisions, and the report that holds them."""

from skdualcnn.inspection._ablation import AblationDisplay
from skdualcnn.inspection._confusion import ConfusionSharesDisplay
from skdualcnn.inspection._decision_map import DecisionMapDisplay
from skdualcnn.inspection._files import write_json
from skdualcnn.inspection._head_calibration import HeadCalibrationDisplay
from skdualcnn.inspection._head_curves import HeadCurvesDisplay
from skdualcnn.inspection._history_display import TrainingHistoryDisplay
from skdualcnn.inspection._operating_point import OperatingPointDisplay
from skdualcnn.inspection._pareto import ParetoFrontDisplay
from skdualcnn.inspection._report import Figure, write_report
from skdualcnn.inspection._robustness import RobustnessDisplay
from skdualcnn.inspection._schema import Report
from skdualcnn.inspection._terminal import print_report
from skdualcnn.inspection._timeline import TimelineDisplay

__all__ = [
    "AblationDisplay",
    "ConfusionSharesDisplay",
    "DecisionMapDisplay",
    "Figure",
    "HeadCalibrationDisplay",
    "HeadCurvesDisplay",
    "OperatingPointDisplay",
    "ParetoFrontDisplay",
    "Report",
    "RobustnessDisplay",
    "TimelineDisplay",
    "TrainingHistoryDisplay",
    "print_report",
    "write_json",
    "write_report",
]
