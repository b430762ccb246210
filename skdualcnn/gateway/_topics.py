"""Which topic means what."""

from typing import NamedTuple

from skdualcnn.exceptions import StreamError
from skdualcnn.streaming._readings import Refused


class ReadingTopic(NamedTuple):
    """Where a reading came in."""

    device: str
    stream: str


class Topics:
    """The topics of one gateway, all below a prefix.

    Parameters
    ----------
    prefix : str, default="skdualcnn"
        One or more levels, without wildcards.

    Attributes
    ----------
    commands : str
        Where operators acknowledge and silence.
    status : str
        Whether the gateway is there; retained, with a last will.
    subscriptions : tuple of str
        What the gateway listens to.

    Raises
    ------
    StreamError
        If the prefix cannot begin a topic.

    Examples
    --------
    >>> from skdualcnn.gateway import Topics
    >>> topics = Topics("ward/3")
    >>> topics.reading("bed 4", "patient"), topics.decisions("bed 4")
    ('ward/3/readings/bed 4/patient', 'ward/3/decisions/bed 4')
    >>> topics.subscriptions
    ('ward/3/readings/+/+', 'ward/3/commands')
    """

    def __init__(self, prefix: str = "skdualcnn") -> None:
        if not all(map(is_level, prefix.split("/"))) or prefix[0] == "$":
            raise StreamError(
                f"The prefix of topics is {prefix!r}, expected levels such as 'ward/3', none of "
                "them empty, without + and #, not beginning with $."
            )
        self._readings = f"{prefix}/readings/"
        self._prefix = prefix
        self.commands = f"{prefix}/commands"
        self.status = f"{prefix}/gateway/status"
        self.subscriptions = (f"{self._readings}+/+", self.commands)

    def reading(self, device: str, stream: str) -> str:
        """Return the topic of a device's readings of a stream.

        Parameters
        ----------
        device : str
            Its name.
        stream : str
            The stream's.

        Returns
        -------
        str
            The topic.
        """
        return f"{self._readings}{device}/{stream}"

    def decisions(self, device: str | int) -> str:
        """Return the topic of a device's decisions.

        Parameters
        ----------
        device : str or int
            Its name.

        Returns
        -------
        str
            The topic.
        """
        return f"{self._prefix}/decisions/{device}"

    def alerts(self, device: str | int, kind: str) -> str:
        """Return the topic of a device's alerts of a kind.

        Parameters
        ----------
        device : str or int
            Its name.
        kind : str
            "medical" or "cyber".

        Returns
        -------
        str
            The topic.
        """
        return f"{self._prefix}/alerts/{device}/{kind}"

    def read(self, topic: str) -> ReadingTopic | None:
        """Return device and stream of a reading's topic, None for that of commands.

        Parameters
        ----------
        topic : str
            Where a message came in.

        Returns
        -------
        ReadingTopic or None
            The two names.

        Raises
        ------
        Refused
            If it is neither.
        """
        if topic == self.commands:
            return None
        levels = topic.removeprefix(self._readings).split("/")
        if not topic.startswith(self._readings) or len(levels) != 2 or not all(levels):
            raise Refused("bad_topic")
        return ReadingTopic(*levels)


def is_level(name: str) -> bool:
    """Return whether a name can be one level of a topic that is published to."""
    return bool(name) and not set(name) & set("/+#\0")
