"""Live streams: readings in, one by one; decisions, alerts and actions out."""

from skdualcnn.streaming._actions import Action, ActionRunner
from skdualcnn.streaming._alert_track import Alert, AlertPolicy
from skdualcnn.streaming._alerts import AlertDesk, AlertEvent
from skdualcnn.streaming._decision import Decision
from skdualcnn.streaming._detector import OnlineDetector

__all__ = [
    "Action",
    "ActionRunner",
    "Alert",
    "AlertDesk",
    "AlertEvent",
    "AlertPolicy",
    "Decision",
    "OnlineDetector",
]
