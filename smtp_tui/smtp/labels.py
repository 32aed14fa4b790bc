"""Causes and warnings in a few words each, for people: an id is for machines."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def label(identity: str) -> str:
    """Return the words for a cause or a warning; an id that has none stands for itself."""
    return labels().get(identity, identity)


@cache
def labels() -> dict[str, str]:
    """Return all of them by id."""
    import tomllib  # a check that passes without a warning needs none: it takes 12 ms

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
