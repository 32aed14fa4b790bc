"""The registry of causes and warnings: everything that the program says and does about each.

An entry of `causes.toml` has the label, the texts, what is tried after the failure and what is
proposed; one of `warnings.toml` the label and the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any


def load_texts(name: str) -> dict[str, Any]:
    """Return what a file of texts holds, read anew."""
    import tomllib  # 5 ms that a check without a file, a warning and a failure is spared

    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


@cache
def texts_of(name: str) -> dict[str, Any]:
    """Return the entries of a file of texts by id; it is read once, and kept."""
    return load_texts(name)


def causes() -> dict[str, dict[str, Any]]:
    """Return the entries of `causes.toml` by id."""
    return texts_of("causes.toml")


def parts_of(cause: str, *, is_local: bool = False) -> dict[str, str]:
    """Return what happened, why and the cure; `is_local` is for a server on this machine."""
    entry = causes()[cause]
    parts = {part: entry[part] for part in ("what", "why", "cure")}
    return parts | entry.get("local", {}) if is_local else parts


def label(identity: str) -> str:
    """Return a cause or a warning in a few words; an id that has none stands for itself."""
    entry = texts_of("warnings.toml").get(identity) or causes().get(identity, {})
    said: str = entry.get("label", identity)
    return said


def listed(words: Sequence[str], last: str) -> str:
    """Return words as a sentence lists them: `a, b or c`, where `last` is `or`."""
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final
