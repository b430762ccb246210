"""What tests of several folders share: one thread for numerical libraries, data, programs.

The tests run in two processes on two cores.
"""

import os
import shutil
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# They are read when NumPy is imported.
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402

from skdualcnn._compiler import find_compiler  # noqa: E402
from skdualcnn.datasets import _icu_security  # noqa: E402

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Nothing of the browser but its pages: no network of its own, no first-run screens.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def real_data():
    """Return the folder with the public data sets, or skip."""
    folder = os.environ.get("SKDUALCNN_DATA")
    if not folder:
        pytest.skip("SKDUALCNN_DATA is unset: it names the folder with the public data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def compiler():
    """Return the command of the C compiler, or skip."""
    command = find_compiler()
    if command is None:
        pytest.skip("no C compiler on this machine: tried $CC, cc, gcc and clang")
    return command


@pytest.fixture
def icu_folder(tmp_path):
    """Packets with hexadecimal, missing, repeated and mixed values, as tshark writes them."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "icu"
    folder.mkdir()
    for name, expected in _icu_security.FILES.items():
        n = 250
        table = pd.DataFrame({column: rng.random(n).round(4) for column in expected.columns})
        table = table.astype(object)
        table["tcp.flags"] = rng.choice(["0x00000018", "0x00000010"], n)
        table["mqtt.hdrflags"] = rng.choice(["0x00000030", None, "0x00000030,0x000000d0"], n)
        table["mqtt.msgtype"] = rng.choice(["3", "3,12", None], n)
        table["mqtt.conack.flags"] = rng.choice(["0x00000000", "0", None], n)
        table["mqtt.topic"] = rng.choice(["bed/1", None], n)
        table["ip.src"] = "10.0.0.1"
        table["class"] = name
        table["label"] = int(name == "attack")
        table.to_csv(folder / expected.name, index=False)
    return folder


@pytest.fixture(scope="session")
def open_page(tmp_path_factory):
    """Return a function that opens a file: path, colour scheme, width -> page, its complaints."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None or find_spec("playwright") is None:
        reason = (
            "Chromium or Playwright is not installed: apt install chromium, pip extra 'browser'"
        )
        assert os.environ.get("SKDUALCNN_BROWSER") != "required", reason
        pytest.skip(reason)
    with ExitStack() as stack:
        driver = import_module("playwright.sync_api").sync_playwright()
        chromium = stack.enter_context(driver).chromium
        contexts = {}

        def open_file(path, scheme="light", width=1400):
            if (scheme, width) not in contexts:
                contexts[scheme, width] = chromium.launch_persistent_context(
                    tmp_path_factory.mktemp("profile"),
                    executable_path=program,
                    args=FLAGS,
                    color_scheme=scheme,
                    viewport={"width": width, "height": 900},
                )
                stack.callback(contexts[scheme, width].close)
            page, complaints = contexts[scheme, width].new_page(), []
            page.on(
                "console",
                lambda said: (
                    complaints.append(said.text) if said.type in {"error", "warning"} else None
                ),
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("requestfailed", lambda request: complaints.append(f"not found: {request.url}"))
            page.on(
                "request",
                lambda request: (
                    complaints.append(f"fetched: {request.url}")
                    if not request.url.startswith(("file:", "data:", "blob:"))
                    else None
                ),
            )
            page.goto(f"file://{path}")
            return page, complaints

        yield open_file
