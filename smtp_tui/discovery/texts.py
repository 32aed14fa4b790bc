"""The texts of a search, as they ship with the package."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def text(kind: str, identity: str, **names: object) -> str:
    """Return a text filled in: a finding, a part of a reason, a note."""
    return str(_texts("texts.toml")[kind][identity]).format_map(names)


def domain_text(identity: str, **names: object) -> str:
    """Return the sentence of a fact about a domain, filled in."""
    return str(_texts("domain/texts.toml")[identity]).format_map(names)


@cache
def _texts(file: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))
