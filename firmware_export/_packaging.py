"""What makes the exported folder a component of ESP-IDF and a library of Arduino and PlatformIO."""

import re
from dataclasses import dataclass
from typing import Any

from firmware_export._literals import float_literal
from skdualcnn.exceptions import ExportError

FEWEST_LETTERS = 2
"""The shortest name that the ESP component registry takes."""


@dataclass(frozen=True)
class Metadata:
    """What the manifests say about the model.

    Attributes
    ----------
    version : str
        Three numbers, as in semantic versioning.
    author : str
        One line.
    url : str or None
        A page about the model; None leaves it out.

    Raises
    ------
    ExportError
        If one of them is something else.
    """

    version: str = "0.1.0"
    author: str = "The authors of the model"
    url: str | None = None

    def __post_init__(self) -> None:
        number = r"(0|[1-9][0-9]{0,4})"
        _check("version", self.version, rf"{number}\.{number}\.{number}", 'such as "1.2.0"')
        _check("author", self.author, r"[^\s\W][^\x00-\x1f\x7f]{0,99}", "a name on one line")
        if self.url is not None:
            _check("url", self.url, r"https?://[!-~]{1,200}", 'such as "https://example.com"')


def _check(name: str, value: object, pattern: str, expected: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ExportError(f"{name}={value!r}, expected {expected}.")


def library_name(prefix: str) -> str:
    """Return the name of the library, which every registry takes.

    ESP-IDF takes no underscore at an end nor two in a row, and two letters at least;
    Arduino keeps names that begin with its own.

    Examples
    --------
    >>> [library_name(prefix) for prefix in ("ward_monitor", "ward__2_", "m", "arduino_ward")]
    ['ward_monitor', 'ward_2', 'model_m', 'model_arduino_ward']
    """
    name = re.sub("_+", "_", prefix).strip("_")
    if len(name) < FEWEST_LETTERS or name.startswith("arduino"):
        return f"model_{name}"
    return name


def sketch_name(prefix: str) -> str:
    """Return the name of the Arduino sketch, words run together as Arduino writes them.

    Examples
    --------
    >>> sketch_name("ward_monitor")
    'WardMonitor'
    """
    return "".join(word.capitalize() for word in library_name(prefix).split("_"))


def package_files(prefix: str) -> dict[str, str]:
    """Return the template of every file around the C, by its path in the exported folder."""
    sketch = sketch_name(prefix)
    return {
        "CMakeLists.txt": "package/CMakeLists.txt.j2",
        "LICENSE": "package/LICENSE.j2",
        "Makefile": "package/Makefile.j2",
        "README.md": "package/README.md.j2",
        "idf_component.yml": "package/idf_component.yml.j2",
        "library.json": "package/library.json.j2",
        "library.properties": "package/library.properties.j2",
        f"selftest/{prefix}_main.c": "package/main.c.j2",
        f"examples/{sketch}/{sketch}.ino": "package/sketch.ino.j2",
        "examples/esp_idf/CMakeLists.txt": "package/esp_idf_project.cmake.j2",
        "examples/esp_idf/main/CMakeLists.txt": "package/esp_idf_main.cmake.j2",
        "examples/esp_idf/main/main.c": "package/esp_idf_main.c.j2",
        "examples/platformio/platformio.ini": "package/platformio.ini.j2",
    }


def package_context(
    model: dict[str, Any], metadata: Metadata, first_readings: list[float]
) -> dict[str, Any]:
    """Return what the templates of these files print beside the model itself.

    Parameters
    ----------
    model : dict
        What the templates print of the model.
    metadata : Metadata
    first_readings : list of float
        An example row, in the order of the readings.
    """
    prefix, heads, windowed = model["p"], model["heads"], model["window"] > 1
    rows = f" and the {model['window'] - 1} rows before them" if windowed else ""
    counted = "one head" if len(heads) == 1 else f"{len(heads)} heads"
    decision = " and a fused decision" if model["decision"] else ""
    return {
        "library": library_name(prefix),
        "sketch": sketch_name(prefix),
        "metadata": metadata,
        "description": f"A trained classifier as integer C99: from {len(model['readings'])} "
        f"readings{rows} to the probabilities of {counted}{decision}.",
        "run": f"{prefix}_run(&workspace, {'&state, ' if windowed else ''}readings, "
        f"{prefix.upper()}_READINGS, &result)",
        "selftest": f"{prefix}_selftest(&workspace{', &state' if windowed else ''})",
        "example": [
            {"upper": reading["upper"], "value": float_literal(value)}
            for reading, value in zip(model["readings"], first_readings, strict=True)
        ],
    }
