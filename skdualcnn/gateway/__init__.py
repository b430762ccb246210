"""From a broker's messages to decisions and alerts, and back to the broker.

`skdualcnn gateway` on the command line puts these together; see docs/gateway.md.
"""

from skdualcnn.gateway._gateway import Gateway, Outgoing
from skdualcnn.gateway._guard import Limits
from skdualcnn.gateway._settings import Settings
from skdualcnn.gateway._topics import Topics

__all__ = ["Gateway", "Limits", "Outgoing", "Settings", "Topics"]
