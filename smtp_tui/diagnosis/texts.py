"""The texts for people as they ship with the package: what each cause and each warning means."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def causes() -> dict[str, dict[str, str]]:
    """Return `what`, `why` and `cure` by cause id."""
    return loaded("causes.toml")


@cache
def warnings() -> dict[str, str]:
    """Return a sentence by warning id."""
    return loaded("warnings.toml")


@cache
def fix_texts() -> dict[str, str]:
    """Return why a change cures, by id."""
    return loaded("fixes.toml")


@cache
def rules() -> list[dict[str, Any]]:
    """Return what negative replies mean as it is written, in the order to try."""
    files = ("replies-of-providers.toml", "replies.toml")
    return [rule for file in files for rule in loaded(file)["rule"]]


def loaded(name: str) -> dict[str, Any]:
    """Return one file of texts; whoever calls keeps it."""
    import tomllib  # a check that passes without a file and a warning needs none

    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
