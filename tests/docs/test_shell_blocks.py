"""Every shell block of README and docs is run, a page in a folder of its own.

What a page calls "a terminal of its own" runs in the background until the page is done. The
tables below say which commands are changed so that they end soon or find a free port, which
are left out, and why; everything else runs as it stands.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from importlib import import_module
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from benchmarks.__main__ import main
from skdualcnn.datasets import make_ward

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.S | re.M)
LIMIT = 300  # seconds after which a command is ended

# Patterns of commands that are not run, and why.
LEFT_OUT = {
    r"(\S*/)?pip install |python -m venv |\. \.venv": "it changes the environment, which "
    ".ci/run makes first",
    r"ruff check \.|ruff format |mypy$|codespell$": "a step of .ci/run of its own",
    r"sphinx-build ": "a step of .ci/run of its own",
    r"bash \.ci/check-distributions$": "a step of .ci/run of its own",
    r"pre-commit install": "it writes into the clone",
    r"python -m pytest( -m slow)?$": "it would start itself",
    r"python -m skdualcnn demo$": "bash .ci/check-distributions runs it, with --quick",
}
# What is written instead of a part of a command, and why.
CHANGED = {
    r"train --architecture compact": ("train --quick --architecture compact", "a minute without"),
    r"^python -m skdualcnn demo --quick$": (
        "mkdir skdualcnn_demo && python -m skdualcnn train --quick --out "
        "skdualcnn_demo/model.skdualcnn",
        "README's demo runs in another test; only its model is used here",
    ),
    r"--data wustl_ehms --data-dir FOLDER": (
        '--data wustl_ehms --data-dir "$SKDUALCNN_DATA" --quick',
        "minutes without; the folder is the reader's",
    ),
    r"^python -m benchmarks speed --share 0\.02": (
        "mkdir peers && python -m benchmarks speed --quick",
        "many minutes without; the folder is made further down",
    ),
    r"benchmarks firmware$": ("benchmarks firmware --quick", "minutes without"),
    r"towncrier build": (f"towncrier build --draft --dir {ROOT}", "it would empty changes/"),
    r"--rounds 20": (
        "--rounds 2 --address 127.0.0.1:$SITES_PORT",
        "a minute without; a port that is free",
    ),
    r"(federate site --name \w+ --share \d/\d)": (
        r"\1 --server 127.0.0.1:$SITES_PORT",
        "a port that is free",
    ),
    r"127\.0\.0\.1:9092": ("127.0.0.1:$SITES_PORT", "a port that is free"),
    r"mosquitto -p 1883": ("mosquitto -p $BROKER_PORT", "a port that is free"),
    r"--broker localhost": ("--broker localhost:$BROKER_PORT", "a port that is free"),
    r"^(mosquitto_[ps]ub)": (r"\1 -p $BROKER_PORT", "a port that is free"),
    r"127\.0\.0\.1:9464": ("127.0.0.1:$HTTP_PORT", "a port that is free"),
    r"--clock readings$": (
        "--clock readings --max-rate 0 --http 127.0.0.1:$HTTP_PORT",
        "a port that is free; the page says that --fast needs --max-rate 0",
    ),
    r"--speed 60": ("--fast", "two minutes without, as the page says"),
}
# Commands that have a terminal of their own: those that end by themselves, and those that do not.
ENDING = r"python -m skdualcnn federate "
ENDLESS = r"mosquitto |skdualcnn gateway |mosquitto_sub "
# What a command needs beside it: the page describes it in words.
BESIDE = {
    r"federate site .*--csv": "python -m skdualcnn federate server --sites 1 --rounds 1 "
    "--address 127.0.0.1:$SITES_PORT --out of_one_site.skdualcnn"
}
PROGRAMS = {"gateway": ("mosquitto", "mosquitto_sub", "mosquitto_pub", "curl")}
PACKAGES = {
    "gateway": ("paho.mqtt", "prometheus_client"),
    "federated": ("flwr",),
    "command_line": ("skops", "shtab"),
    "CONTRIBUTING": ("towncrier",),
}
READS_DATA = {"data_sets"}


def commands_of(page):
    """Return the commands of a page; each line of a block is one, and each part of a chain."""
    text = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return [command for line in lines for command in line.split(" && ")]


def benchmarks_of(page):
    """Return every command line of a benchmark on a page, in a block or in a sentence."""
    inline = re.findall(r"`(python -m benchmarks \w[^`]*)`", page.read_text(encoding="utf-8"))
    found = [*COMMANDS[page], *(" ".join(command.split()) for command in inline)]
    return {command for command in found if command.startswith("python -m benchmarks ")}


def is_left_out(command):
    return any(re.match(pattern, command) for pattern in LEFT_OUT)


def changed(command):
    for pattern, (instead, _) in CHANGED.items():
        command = re.sub(pattern, instead, command)
    return command


COMMANDS = {page: commands_of(page) for page in PAGES}
FIRST = COMMANDS[ROOT / "README.md"][:2]
RUN = [
    page
    for page, commands in COMMANDS.items()
    if any(not is_left_out(command) for command in commands) and page.stem != "start"
]


class Terminals:
    """The shells of one page."""

    def __init__(self, folder):
        self.folder, self.ending, self.endless = folder, [], []
        programs = folder / "bin"
        programs.mkdir()
        for name, module in {"python": "", "skdualcnn": "-m skdualcnn "}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
            (programs / name).chmod(0o755)
        ports = {name: str(free_port()) for name in ("SITES_PORT", "BROKER_PORT", "HTTP_PORT")}
        self.environment = {
            **os.environ,
            **ports,
            "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, command):
        """Start a command in a terminal of its own; return it with the file of what it says."""
        said = self.folder / f"said_{len(self.ending) + len(self.endless)}_{time.monotonic_ns()}"
        with said.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return command, process, said

    def run(self, command):
        """Run a command as the page means it."""
        for pattern, companion in BESIDE.items():
            if re.search(pattern, command):
                self.wait()
                self.ending.append(self.start(companion))
        if re.match(ENDLESS, command):
            self.endless.append(self.start(command))
            self.wait_for_port(command)
        elif re.match(ENDING, command):
            self.ending.append(self.start(command))
        else:
            self.wait()
            finish(*self.start(command))

    def wait(self):
        """Wait for the commands that end by themselves."""
        while self.ending:
            finish(*self.ending.pop(0))

    def wait_for_port(self, command):
        name = {"mosquitto": "BROKER_PORT", "skdualcnn": "HTTP_PORT"}.get(command.split()[0])
        until = time.monotonic() + LIMIT
        while name is not None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(self.environment[name]))) == 0:
                    return
            _, process, said = self.endless[-1]
            assert process.poll() is None, f"{command}: {said.read_text()}"
            assert time.monotonic() < until, f"{command} opened no port: {said.read_text()}"
            time.sleep(0.1)

    def close(self):
        """End what is still running, as Ctrl-C does; return what it said, by command."""
        found = {}
        for command, process, said in [*self.ending, *reversed(self.endless)]:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            found[command] = (process.returncode, said.read_text())
        return found


def finish(command, process, said):
    code = process.wait(LIMIT)
    assert code == 0, f"{command} ended with {code}: {said.read_text()[-3000:]}"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def write_own_files(folder):
    """Write the file of one's own that pages speak of."""
    ward = make_ward(n_patients=6, hours=3, random_state=0)
    table = ward.data.join(ward.target.rename(columns={"cyber": "attack"}))
    table.assign(bed=ward.groups, state=table["health"]).to_csv(folder / "beds.csv", index=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_commands_run_as_they_are_shown(page, tmp_path):
    for package in PACKAGES.get(page.stem, ()):
        pytest.importorskip(package, reason=f"{page.name} needs {package}")
    for program in PROGRAMS.get(page.stem, ()):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            assert os.environ.get("SKDUALCNN_TOOLS") != "required", f"{program} is not installed"
            pytest.skip(f"{program} is not installed")
    if page.stem in READS_DATA and "SKDUALCNN_DATA" not in os.environ:
        pytest.skip("SKDUALCNN_DATA is not set: no files of the data sets")
    write_own_files(tmp_path)
    terminals = Terminals(tmp_path)
    try:
        for command in COMMANDS[page]:
            if not is_left_out(command):
                terminals.run(changed(command))
        terminals.wait()
    finally:
        ended = terminals.close()
    for command, (code, said) in ended.items():
        if command.startswith("skdualcnn gateway"):
            assert code == 0, said
        if command.startswith("mosquitto_sub"):
            assert "skdualcnn/alerts/" in said


@pytest.mark.parametrize("command", sorted(set().union(*map(benchmarks_of, PAGES))))
def test_a_benchmark_takes_the_arguments_that_pages_give(command, monkeypatch, tmp_path):
    _, _, _, name, *arguments = shlex.split(command)
    module = import_module(f"benchmarks.{name}")
    run = create_autospec(module.run, return_value=None)
    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(sys, "argv", ["benchmarks", name, *arguments])
    monkeypatch.setattr("benchmarks.__main__._check_files", lambda *_: None)  # FOLDER is no folder
    (tmp_path / "peers").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main() == 0
    run.assert_called_once()


def test_start_repeats_the_first_command_of_the_readme():
    assert COMMANDS[ROOT / "docs" / "start.md"] == FIRST


def test_extras_that_are_installed_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for page, commands in COMMANDS.items():
        for extras in re.findall(r"\.\[([\w,]+)\]", "\n".join(commands)):
            assert set(extras.split(",")) <= set(project["optional-dependencies"]), page.name


@pytest.mark.parametrize("pattern", [*LEFT_OUT, *CHANGED, *BESIDE])
def test_no_exception_outlives_its_command(pattern):
    commands = [command for commands in COMMANDS.values() for command in commands]
    assert any(re.search(pattern, command) for command in commands)
