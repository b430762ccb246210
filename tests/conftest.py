"""One thread for numerical libraries, for tests run in two processes on two cores; a browser."""

import os
import shutil
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec

import pytest

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

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
