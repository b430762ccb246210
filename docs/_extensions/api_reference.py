"""The API reference: what each module's page lists, and a check that no name is missing."""

import inspect
import pkgutil
import re
from functools import cache
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

PACKAGES = ("skdualcnn", "firmware_export")
# Methods that scikit-learn makes for the routing of metadata; its own pages describe them.
ROUTING = re.compile(r"set_\w+_request|get_metadata_routing")
logger = logging.getLogger(__name__)


@cache
def public_modules() -> list[str]:
    """Return the dotted names of the modules that are not private."""
    found = list(PACKAGES)
    for package in PACKAGES:
        walked = pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
        found += [one.name for one in walked if "._" not in one.name]
    return found


def public_names(module_name: str) -> list[str]:
    """Return the public names of a module: `__all__`, else what it defines itself."""
    module = import_module(module_name)
    return getattr(module, "__all__", None) or [
        name
        for name, found in vars(module).items()
        if not name.startswith("_") and getattr(found, "__module__", None) == module_name
    ]


def public_by_kind(module_name: str) -> dict[str, list[str]]:
    """Return the public names of a module under the headings of its page."""
    module = import_module(module_name)
    kinds: dict[str, list[str]] = {}
    for name in public_names(module_name):
        found = getattr(module, name)
        if inspect.isclass(found):
            kind = "Exceptions" if issubclass(found, BaseException) else "Classes"
        else:
            kind = "Functions" if callable(found) else "Constants"
        kinds.setdefault(kind, []).append(name)
    return kinds


def check(app: Sphinx, exception: Exception | None) -> None:
    """Warn of each public name that no page documents."""
    if exception is not None or app.builder.format != "html":
        return
    documented = app.env.domains.python_domain.objects
    for module in public_modules():
        for name in public_names(module):
            if f"{module}.{name}" not in documented:
                logger.warning("%s.%s is public, but the API reference lacks it", module, name)


def skip(_app: Sphinx, _kind: str, name: str, *_: Any) -> bool | None:
    """Leave out the methods that only route metadata."""
    return True if ROUTING.fullmatch(name) else None


def resolve(
    app: Sphinx, environment: BuildEnvironment, node: Any, content: nodes.Element
) -> nodes.reference | None:
    """Lead a short name, such as `FusionDecider` in a "See Also", to its one page."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py" or "." in target:
        return None
    homes = [name for name in public_modules() if target in public_names(name)]
    if not homes:
        return None
    domain = environment.get_domain("py")
    return domain.resolve_xref(
        environment, node["refdoc"], app.builder, "obj", f"{homes[0]}.{target}", node, content
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the check, and what the templates call."""
    app.connect("build-finished", check)
    app.connect("autodoc-skip-member", skip)
    app.connect("missing-reference", resolve)
    app.config.autosummary_context = {"public_by_kind": public_by_kind}
    return {"parallel_read_safe": True}
