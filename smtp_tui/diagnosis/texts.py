"""The texts for people as they ship with the package: what each cause and each warning means."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def causes() -> dict[str, dict[str, str]]:
    """Return `what`, `why` and `cure` by cause id."""
    return _loaded("causes.toml")


@cache
def warnings() -> dict[str, str]:
    """Return a sentence by warning id."""
    return _loaded("warnings.toml")


@cache
def rules() -> list[dict[str, str]]:
    """Return what negative replies mean, in the order to try."""
    found: list[dict[str, str]] = _loaded("replies.toml")["rule"]
    return found


def _loaded(name: str) -> dict[str, Any]:
    import tomllib  # a check that passes without a file and a warning needs none

    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
