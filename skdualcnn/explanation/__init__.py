"""Why a decision was made, and what a model's answers rest on."""

from skdualcnn.explanation._attributions import Attributions, attribute_scores
from skdualcnn.explanation._display import AttributionDisplay
from skdualcnn.explanation._faithfulness import DeletionCurve, deletion_curve
from skdualcnn.explanation._importance import modality_importance
from skdualcnn.explanation._sentences import describe_decisions

__all__ = [
    "AttributionDisplay",
    "Attributions",
    "DeletionCurve",
    "attribute_scores",
    "deletion_curve",
    "describe_decisions",
    "modality_importance",
]
