"""The providers that are known: the admin's own files first, then those of the program."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.config.wording import one_line, reason
from smtp_tui.providers.known import providers
from smtp_tui.providers.provider import Provider
from smtp_tui.providers.reading import providers_in
from smtp_tui.records import record

LARGEST = 1024 * 1024
"""Bytes of one file; more is no file of providers."""


@record(kw_only=True)
class Presets:
    """The providers, each id once, and what is wrong with files that cannot be read."""

    providers: tuple[Provider, ...]
    own: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


def presets_with(folder: Path) -> Presets:
    """Return all providers; those in the folder's `*.toml` files stand in place of ours."""
    found: dict[str, Provider] = {}
    faults = []
    for path in _files_in(folder):
        try:
            for provider in providers_in(_text_of(path)):
                found.setdefault(provider.id, provider)
        except OSError as error:
            faults.append(f"{one_line(path)} cannot be read: {reason(error)}")
        except ValueError as error:
            faults.append(f"{one_line(path)} is ignored: {one_line(error)}")
    own = frozenset(found)
    for provider in providers():
        found.setdefault(provider.id, provider)
    return Presets(providers=tuple(found.values()), own=own, faults=tuple(faults))


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError:
        return []


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError("it is larger than 1 MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
