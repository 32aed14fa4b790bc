"""How Sphinx makes the site; `docs.pages` writes its source."""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]

project = "smtp-tui"
author = "The smtp-tui developers"
copyright = "2026, the smtp-tui developers"  # the name is Sphinx's
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "attrs_inline"]
highlight_language = "none"
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_title = "smtp-tui"
html_show_sourcelink = False
html_copy_source = False
# Where the site stands, if it is published: the address has one place.
html_baseurl = _PROJECT.get("urls", {}).get("Documentation", "")
