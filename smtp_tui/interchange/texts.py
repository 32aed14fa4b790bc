"""What is said of imports and exports: kept as data, each text with an id."""

from __future__ import annotations

import functools
from importlib.resources import files

# Letters of what a file says that a text repeats; no real name or list of names is longer.
_LONGEST = 400


def text(identity: str, /, **names: object) -> str:
    """Return a text, what it speaks of filled in."""
    return _texts()[identity].format(**{name: _cut(value) for name, value in names.items()})


def _cut(value: object) -> object:
    is_long = isinstance(value, str) and len(value) > _LONGEST
    return f"{str(value)[:_LONGEST]}…" if is_long else value


@functools.cache
def _texts() -> dict[str, str]:
    import tomllib

    source = files("smtp_tui.interchange").joinpath("texts.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(source)
    return {identity: said for group in groups.values() for identity, said in group.items()}
