"""Configuration of the documentation's build; the command is in CONTRIBUTING.md."""

import os
import sys
import warnings
from pathlib import Path

# One thread: matrix kernels of two builds at once would fight for the cores.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from skdualcnn import __version__  # noqa: E402

project = "skdualcnn"
author = "The skdualcnn developers"
project_copyright = "2026, the skdualcnn developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "api_reference",
    "line_breaks",
    "llms_txt",
    "mathml",
    "repository_links",
    "unreleased",
]
exclude_patterns = [
    "_build",
    "_templates",
    "gallery/**/*.ipynb",
    "gallery/**/*.py",
    "sg_execution_times.rst",
]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]  # the gallery's sorting key cannot be pickled

highlight_language = "none"  # a block without a language is text

# Markdown
myst_enable_extensions = ["colon_fence", "dollarmath", "amsmath", "deflist", "attrs_inline"]
myst_heading_anchors = 3

# Reference
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say more
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_show_inherited_class_members = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

# The build works offline, so no inventory of another project is fetched: names of other
# projects stay plain text.
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|pandas|sklearn|scipy|skorch|torch|matplotlib|rich)\..*"),
]

# Gallery
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "gallery_order.ByReading",
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 0,
    "reset_modules": ("matplotlib",),
    "download_all_examples": False,
    "remove_config_comments": True,
    "plot_gallery": True,
    "reference_url": {"skdualcnn": None, "firmware_export": None},
    "doc_module": ("skdualcnn", "firmware_export"),
    "backreferences_dir": "gallery/backreferences",
    "image_scrapers": ("matplotlib",),
    "default_thumb_file": str(Path(__file__).parent / "images" / "overview.svg"),
    "capture_repr": ("_repr_html_",),
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

# Pages
html_context = {"default_mode": "auto"}
html_theme = "pydata_sphinx_theme"
html_title = f"skdualcnn {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skdualcnn"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
# No list of neighbours: short lists, and a table that needs the room.
html_sidebars = {page: [] for page in ("index", "start", "changelog", "contributing", "findings")}
html_math_renderer = "mathml"

llms_txt_summary = (
    "scikit-learn package that tells medical emergencies from cyberattacks in one stream of "
    "patient vitals, room sensors and network traffic, and exports the trained pipeline as "
    "integer C for an ESP32."
)
