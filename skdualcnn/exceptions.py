"""The errors this package raises on purpose.

Every message says what was got, what was expected and what to do. Each class is
also the built-in error that scikit-learn's users catch: a wrong argument or wrong
data is a `ValueError`, a failure of the run or of the machine a `RuntimeError`.
"""


class SkdualcnnError(Exception):
    """Base class of every error that skdualcnn and firmware_export define."""


class DataFileError(SkdualcnnError, ValueError):
    """A data set's file is missing, truncated, altered or of another format."""


class AlignmentError(SkdualcnnError, ValueError):
    """Streams cannot be put on one clock, or not as it was asked for."""


class ArchitectureError(SkdualcnnError, ValueError):
    """The network asked for cannot be built for the signal it is given."""


class HeadError(SkdualcnnError, ValueError):
    """A head is unknown, or the labels given cannot train it."""


class NormalClassError(SkdualcnnError, ValueError):
    """Which class of a head means normal is not known."""


class PartitionError(SkdualcnnError, ValueError):
    """A partitioned table cannot be scored as it is cut, or is no such table."""


class DeviceError(SkdualcnnError, RuntimeError):
    """The device asked for is not available on this machine."""


class DivergenceError(SkdualcnnError, RuntimeError):
    """The training loss became infinite or not a number."""


class ModelFileError(SkdualcnnError, ValueError):
    """A saved model is truncated, altered, foreign or newer, or a model cannot be saved."""


class ExportError(SkdualcnnError, ValueError):
    """A fitted estimator cannot be turned into fixed-point C."""


class ToolchainError(SkdualcnnError, RuntimeError):
    """A compiler or an emulator is missing, or it failed."""


class StreamError(SkdualcnnError, ValueError):
    """A live detector is set up for other data than its model, or its saved state is not its."""


class UsageError(SkdualcnnError, ValueError):
    """Arguments of the command line that do not go together."""


class MissingPackageError(SkdualcnnError, ImportError):
    """A package of an extra is not installed."""


class BrokerError(SkdualcnnError, RuntimeError):
    """The MQTT broker cannot be reached, or refuses the connection."""


class FederationError(SkdualcnnError, RuntimeError):
    """Sites and server of a federation cannot reach each other, or do not fit together."""


class ReportError(SkdualcnnError, ValueError):
    """A report lacks a section or an entry."""


class ModelVersionWarning(UserWarning):
    """A model was saved with another version of scikit-learn."""


class OperatingPointError(SkdualcnnError, ValueError):
    """Costs, constraints or candidates are malformed, or no operating point satisfies them."""
