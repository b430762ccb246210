"""What a result was computed with."""

import platform
from importlib.metadata import version

PACKAGES = ("skdualcnn", "torch", "skorch", "scikit-learn", "numpy", "pandas", "scipy")


def describe_environment() -> dict[str, str]:
    """Return the versions of Python, the machine and the packages that matter."""
    return {
        "Python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **{package: version(package) for package in PACKAGES},
    }
