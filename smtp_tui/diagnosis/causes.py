"""The texts for people as they ship with the package: what each cause and each warning means."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

PARTS = ("what", "why", "cure")


@cache
def causes() -> dict[str, dict[str, Any]]:
    """Return `what`, `why` and `cure` by cause id, and `local` texts where it has."""
    return load_texts("causes.toml")


def parts_of(cause: str, *, is_local: bool = False) -> dict[str, str]:
    """Return a cause's texts; `is_local` asks for those of a server on this machine."""
    entry = causes()[cause]
    parts = {part: entry[part] for part in PARTS}
    return parts | entry.get("local", {}) if is_local else parts


@cache
def warnings() -> dict[str, str]:
    """Return a sentence by warning id."""
    return load_texts("warnings.toml")


@cache
def fix_texts() -> dict[str, str]:
    """Return why a change cures, by id."""
    return load_texts("fixes.toml")


@cache
def rules() -> list[dict[str, Any]]:
    """Return what negative replies mean as it is written, in the order to try."""
    files = ("replies-of-providers.toml", "replies.toml")
    return [rule for file in files for rule in load_texts(file)["rule"]]


def load_texts(name: str) -> dict[str, Any]:
    """Return one file of texts; whoever calls keeps it."""
    import tomllib  # a check that passes without a file and a warning needs none

    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
