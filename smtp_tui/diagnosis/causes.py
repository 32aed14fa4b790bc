"""The registry of causes and warnings: everything that the program says and does about each.

An entry of `causes.toml` has the label, the texts, what is tried after the failure and what is
proposed; one of `warnings.toml` the label and the text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def causes() -> dict[str, dict[str, Any]]:
    """Return the entries of `causes.toml` by id."""
    return load_texts("causes.toml")


def parts_of(cause: str, *, is_local: bool = False) -> dict[str, str]:
    """Return what happened, why and the cure; `is_local` is for a server on this machine."""
    entry = causes()[cause]
    parts = {part: entry[part] for part in ("what", "why", "cure")}
    return parts | entry.get("local", {}) if is_local else parts


@cache
def warnings() -> dict[str, dict[str, str]]:
    """Return the entries of `warnings.toml` by id."""
    return load_texts("warnings.toml")


def label(identity: str) -> str:
    """Return a cause or a warning in a few words; an id that has none stands for itself."""
    entry = warnings().get(identity) or causes().get(identity)
    return entry["label"] if entry else identity


@cache
def fix_texts() -> dict[str, str]:
    """Return why a change fixes a failure, by id."""
    return load_texts("fixes.toml")


def load_texts(name: str) -> dict[str, Any]:
    """Return a file of texts; the caller caches it."""
    import tomllib  # 5 ms that a check without a file, a warning and a failure is spared

    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
