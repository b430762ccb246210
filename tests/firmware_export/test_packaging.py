"""The exported folder under the tools of ESP-IDF, Arduino and PlatformIO."""

import configparser
import json
import re
import shutil
import tarfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from firmware_export import FirmwareReport, export_firmware
from firmware_export._export import GOLDEN_ROWS
from firmware_export._packaging import Metadata, library_name, sketch_name
from firmware_export._quantize import MOST_CLASSES, quantise
from firmware_export._rows import spread_rows
from firmware_export._toolchain import compile_c, run_command
from firmware_export._twin import answer
from skdualcnn._rules import DECISIONS
from skdualcnn.exceptions import ExportError

STUBS = Path(__file__).parent / "stubs"


class Exported(NamedTuple):
    report: FirmwareReport
    metadata: Metadata
    X: Any


CXX_FLAGS = ("-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic")


@pytest.fixture(scope="session")
def plus_compiler(compiler):
    command = shutil.which("g++") or shutil.which("clang++")
    if command is None:
        pytest.skip("no C++ compiler on this machine: tried g++ and clang++")
    return command


@pytest.fixture(scope="session", params=["decider", "windows", "one head, awkward names"])
def exported(request, report, window_report, ward, small_network, tmp_path_factory):
    """Return an export, what its manifests should say, and its calibration data."""
    if request.param != "one head, awkward names":
        chosen = report if request.param == "decider" else window_report
        return Exported(chosen, Metadata(), ward[0])
    X = ward[0][["Heart rate", "temperature"]].to_numpy()
    y = np.where(X[:, 0] > 85, '"quoted" \\', "é%d")
    metadata = Metadata("12.0.3", "Zoë & <zoe@example.com>, Łukasz", "https://example.com/?a=1&b=2")
    awkward = export_firmware(
        clone(small_network).fit(X, y),
        tmp_path_factory.mktemp("export") / "awkward",
        calibration_data=X,
        prefix="arduino__",
        **asdict(metadata),
    )
    return Exported(awkward, metadata, X)


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Return a function that runs a tool of the extra "packaging"."""
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "platformio"))

    def run(name, *arguments):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed: pip install '.[packaging]'")
        return run_command([name, *map(str, arguments)], f"run {name}")

    return run


def _objects(report, folder):
    """Compile the library like a build system does: everything in src/."""
    sources = report.directory / "src"
    return [
        compile_c([source], folder / f"{source.stem}.o", include=sources, flags=["-c"])
        for source in sorted(sources.glob("*.c"))
    ]


def test_component_manager_of_esp_idf_accepts_it(exported, tool, tmp_path):
    report, metadata, _ = exported
    name = library_name(report.prefix)
    tool("compote", "manifest", "lint", report.directory / "idf_component.yml")
    arguments = ("--project-dir", report.directory, "--name", name, "--dest-dir", tmp_path)
    tool("compote", "component", "pack", *arguments)
    with tarfile.open(tmp_path / f"{name}_{metadata.version}.tgz") as archive:
        packed = {Path(member).as_posix() for member in archive.getnames()}
    assert {"idf_component.yml", "LICENSE", f"src/{report.prefix}_model.c"} <= packed


def test_platformio_accepts_it(exported, tool, tmp_path):
    report, metadata, _ = exported
    tool("pio", "pkg", "pack", report.directory, "-o", tmp_path / "library.tar.gz")
    with tarfile.open(tmp_path / "library.tar.gz") as archive:
        packed = {Path(member).as_posix() for member in archive.getnames()}
    assert {"library.json", f"src/{report.prefix}.h"} <= packed
    manifest = json.loads((report.directory / "library.json").read_text(encoding="utf-8"))
    assert manifest["version"] == metadata.version
    assert manifest["authors"] == [{"name": metadata.author}]
    assert manifest.get("homepage") == metadata.url
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", manifest["name"])
    assert len(manifest["description"]) <= 255
    assert all((report.directory / "src" / header).exists() for header in manifest["headers"])


def test_platformio_project_leads_to_sketch_and_library(exported, tool):
    directory = exported.report.directory
    folder = directory / "examples/platformio"
    settings = configparser.ConfigParser()
    settings.read(folder / "platformio.ini", encoding="utf-8")
    sketch = folder / settings["platformio"]["src_dir"]
    assert list(sketch.glob("*.ino"))
    library = settings["env:esp32dev"]["lib_deps"].removeprefix("symlink://")
    assert (folder / library).resolve() == directory.resolve()
    assert "esp32dev" in tool("pio", "project", "config", "-d", folder)


def test_library_properties_follow_the_specification_of_arduino(exported):
    report, metadata, _ = exported
    text = (report.directory / "library.properties").read_text(encoding="utf-8")
    fields = dict(line.split("=", maxsplit=1) for line in text.splitlines())
    assert fields.keys() >= {
        *("name", "version", "author", "maintainer", "sentence", "paragraph"),
        *("category", "url", "architectures", "includes"),
    }
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", fields["name"])
    assert not fields["name"].lower().startswith("arduino")
    assert fields["version"] == metadata.version
    assert fields["author"] == fields["maintainer"] == metadata.author
    assert fields["url"] == (metadata.url or "")
    assert fields["sentence"]
    assert fields["category"] == "Data Processing"
    assert (report.directory / "src" / fields["includes"]).exists()


def test_folders_follow_the_specification_of_arduino(exported):
    report = exported.report
    names = [path.relative_to(report.directory) for path in report.directory.rglob("*")]
    sketches = [name for name in names if name.suffix == ".ino"]
    assert len(sketches) == 1
    assert sketches[0].parts[0] == "examples"
    assert sketches[0].stem == sketches[0].parent.name == sketch_name(report.prefix)
    # What Arduino compiles and adds to the include path is src/ alone.
    library = [name for name in names if name.parts[0] == "src" and name.suffix]
    assert all(name.name.startswith(report.prefix) for name in library)
    assert not any("main(" in (report.directory / name).read_text() for name in library)
    assert not any(name.suffix in (".c", ".h") for name in names if len(name.parts) == 1)


def test_component_of_esp_idf_lists_its_sources(exported):
    directory = exported.report.directory
    text = (directory / "CMakeLists.txt").read_text()
    listed = re.findall(r'"(src/[^"]+\.c)"', text)
    assert listed == sorted(f"src/{path.name}" for path in (directory / "src").glob("*.c"))
    project = directory / "examples/esp_idf"
    (extra,) = re.findall(r'EXTRA_COMPONENT_DIRS "(.*?)"', (project / "CMakeLists.txt").read_text())
    assert (project / extra).resolve() == directory.resolve()


def test_arduino_sketch_answers_like_the_twin(exported, plus_compiler, tmp_path):
    report = exported.report
    sketch = sketch_name(report.prefix)
    program = tmp_path / "sketch"
    stubs = STUBS / "arduino"
    command = [
        *(plus_compiler, *CXX_FLAGS, f"-I{stubs}", f"-I{report.directory / 'src'}"),
        *("-include", "Arduino.h", "-x", "c++", str(stubs / "main.cpp")),
        *(str(report.directory / "examples" / sketch / f"{sketch}.ino"), "-x", "none"),
        *(*map(str, _objects(report, tmp_path)), "-o", str(program)),
    ]
    run_command(command, "compile the sketch")
    said = run_command([str(program)], "run the sketch").splitlines()
    graph = report.twin.integer_graph_
    rows = spread_rows(report.twin.readings(exported.X), GOLDEN_ROWS + graph.window - 1)
    answers = answer(graph, rows)
    assert said[0] == f"{len(rows)} of {len(rows)} golden vectors identical"
    for line, head, probabilities in zip(
        said[1:], graph.heads, answers.probabilities, strict=False
    ):
        assert line.startswith(f"{head.name}: ")
        assert re.findall(r" (\d+)[,)]", line) == [str(value) for value in probabilities[0]]
    rest = said[1 + len(graph.heads) :]
    if answers.decisions is not None:
        assert rest.pop(0) == f"decision: {DECISIONS[answers.decisions[0]]}"
    assert rest == ["microseconds: 7"]


def test_arduino_sketch_counts_as_many_classes_as_a_head_may_have(
    make_graph, write_firmware, plus_compiler, tmp_path
):
    graph = make_graph(classes=(MOST_CLASSES, 2))
    readings = np.ones((2, len(graph.front_end.readings)), dtype=np.float32)
    write_firmware(quantise(graph, readings), readings, tmp_path)
    command = [plus_compiler, *CXX_FLAGS, f"-I{STUBS / 'arduino'}", f"-I{tmp_path / 'src'}"]
    sketch = str(tmp_path / "examples/Model/Model.ino")
    command += ["-include", "Arduino.h", "-fsyntax-only", "-x", "c++", sketch]
    run_command(command, "compile the sketch")


def test_esp_idf_example_times_calls_and_checks_itself(exported, compiler, tmp_path):
    report = exported.report
    stubs = STUBS / "esp_idf"
    main = report.directory / "examples/esp_idf/main/main.c"
    program = compile_c(
        [main, stubs / "main.c", *_objects(report, tmp_path)],
        tmp_path / "example",
        include=report.directory / "src",
        flags=("-Wno-missing-prototypes", f"-I{stubs}"),
    )
    said = run_command([str(program)], "run the example").splitlines()
    assert said[:3] == ["status 0", "first call 5 cycles, fastest 5", "mean 10 microseconds"]
    assert re.fullmatch(r"(\d+) of \1 golden vectors identical", said[3])


def test_headers_are_cplusplus(exported, plus_compiler, tmp_path):
    report = exported.report
    p = report.prefix
    main = tmp_path / "main.cpp"
    main.write_text(
        f'#include "{p}_selftest.h"\n#include "{p}.h"\n'
        f"int main() {{ return {p}_selftest{_arguments(report)} == {p.upper()}_GOLDEN_VECTORS"
        " ? 0 : 1; }\n"
    )
    program = tmp_path / "main"
    command = [plus_compiler, *CXX_FLAGS, f"-I{report.directory / 'src'}", str(main)]
    run_command([*command, *map(str, _objects(report, tmp_path)), "-o", str(program)], "compile")
    run_command([str(program)], "run the self-test from C++")


def _arguments(report):
    """Return a call's arguments in C++: memory of static storage."""
    names = ["workspace"] + (["state"] if report.state_bytes else [])
    return f"({', '.join(f'new {report.prefix}_{name}()' for name in names)})"


def test_selftest_is_not_linked_unless_it_is_called(exported, compiler, tmp_path):
    report = exported.report
    archive = tmp_path / "library.a"
    run_command(["ar", "rcs", str(archive), *map(str, _objects(report, tmp_path))], "archive")
    main = tmp_path / "main.c"
    state = "(void *)0, " if report.state_bytes else ""
    main.write_text(
        f'#include "{report.prefix}.h"\n'
        f"int main(void) {{ return {report.prefix}_run((void *)0, {state}(void *)0, 0u, (void *)0)"
        f" == {report.prefix.upper()}_ERROR_NULL ? 0 : 1; }}\n"
    )
    program = compile_c([main, archive], tmp_path / "program", include=report.directory / "src")
    run_command([str(program)], "run the program")
    symbols = run_command(["nm", str(program)], "list symbols")
    assert f"{report.prefix}_run" in symbols
    assert "selftest" not in symbols


def test_readme_names_files_that_are_there(exported):
    report = exported.report
    text = (report.directory / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+/[\w.]*|[\w.]+\.(?:txt|yml|json|properties))`", text))
    assert {"src/" + report.prefix + ".h", "examples/esp_idf"} <= named
    assert {path.name for path in report.directory.glob("*.*")} - named == {
        "README.md",
        "REPORT.md",
    }
    assert "| `REPORT.md`, `report.json` |" in text
    missing = {name for name in named if not (report.directory / name).exists()}
    assert missing == {"components/", "main/idf_component.yml"}  # of the reader's own project


def test_licence_is_that_of_the_package(exported):
    text = (exported.report.directory / "LICENSE").read_text(encoding="utf-8")
    licence = Path(__file__).parents[2] / "LICENSE"
    assert text.startswith(licence.read_text(encoding="utf-8"))
    assert "belong to those\nwho trained it" in text


@given(st.from_regex(r"[a-z][a-z0-9_]{0,30}", fullmatch=True))
def test_library_name_is_one_that_registries_take(prefix):
    name = library_name(prefix)
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name)
    assert 2 <= len(name) <= 50
    assert not name.startswith("arduino")
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", sketch_name(prefix))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "1.2"),
        ("version", "1.02.3"),
        ("version", "1.2.3\n"),
        ("version", None),
        ("author", ""),
        ("author", "two\nlines"),
        ("url", "example.com"),
        ("url", "https://example.com/\nname=other"),
    ],
)
def test_metadata_that_would_break_a_manifest_is_refused(name, value):
    with pytest.raises(ExportError, match=rf"^{name}="):
        Metadata(**{name: value})
