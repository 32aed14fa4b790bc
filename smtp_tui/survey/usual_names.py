"""Know which files may hold which kind of settings, by their names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.interchange.spec import formats

COMPOSE, TOML, UNITS, VARIABLES = "compose", "toml", "units", "variables"
# What every file with mail settings says somewhere, or that it names another file.
_MAIL = re.compile(rb"(?i)smtp|mail|relay|starttls|env_file")
_SURE_NAMES = frozenset(("postfix", "msmtp"))


def is_usual(place: str) -> bool:
    """Whether a path may be that of a file with settings."""
    name, whole = _all_patterns()
    return bool(name.fullmatch(place.rpartition("/")[2]) or whole.fullmatch(place))


def kinds_of(path: Path) -> frozenset[str]:
    """Return the kinds of settings that a file of this name may hold: formats, or a constant."""
    name, place = path.name, str(path)
    return frozenset(
        kind
        for kind, (names, places) in _patterns().items()
        if names.fullmatch(name) or places.fullmatch(place)
    )


def may_have_mail(content: str, kinds: Iterable[str]) -> bool:
    """Whether a text is worth parsing."""
    named = {name for name, form in formats().items() if form.by_name}
    return not (_SURE_NAMES | named).isdisjoint(kinds) or bool(_MAIL.search(content.encode()))


def formats_of(kinds: Iterable[str]) -> frozenset[str]:
    """Return the formats that a text of these kinds may have."""
    known = formats()
    found = {kind for kind in kinds if kind in known}
    if VARIABLES in kinds:
        found |= {name for name, form in known.items() if form.takes_quoting}
    return frozenset(found)


def is_example(path: Path, root: Path) -> bool:
    """Whether a file is an example or a backup copy, which no program reads."""
    names, folders = _examples()
    return bool(names.fullmatch(path.name)) or not folders.isdisjoint(
        path.relative_to(root).parts[1:-1]
    )


def skipped_texts() -> dict[str, str]:
    """Return what each reason for skipping says."""
    return dict(_data()["skipped"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("scan.toml").read_text(encoding="utf-8"))


def _names() -> dict[str, list[str]]:
    """Return the patterns of names by kind, those of the formats included."""
    names: dict[str, list[str]] = _data()["names"]
    of_formats = {name: [*form.files] for name, form in formats().items() if form.files}
    return {**names, **of_formats}


@cache
def _all_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    patterns = [pattern for patterns in _names().values() for pattern in patterns]
    return (
        _any_of(pattern for pattern in patterns if "/" not in pattern),
        _any_of(pattern for pattern in patterns if "/" in pattern),
    )


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    return {
        kind: (
            _any_of(pattern for pattern in patterns if "/" not in pattern),
            _any_of(pattern for pattern in patterns if "/" in pattern),
        )
        for kind, patterns in _names().items()
    }


@cache
def _examples() -> tuple[re.Pattern[str], frozenset[str]]:
    data = _data()["examples"]
    return _any_of(data["names"]), frozenset(data["folders"])


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")
