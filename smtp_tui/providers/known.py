"""The mail providers that ship with the program: `known.toml`, read when first asked for.

A host is looked up before the form is seen, and most hosts are no provider's: of the file, only
what names the host is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from smtp_tui.providers.provider import Provider, Values, fits
from smtp_tui.providers.reading import providers_in

_ENTRY = "[[provider]]"
_NAMES = re.compile(r"^(?:hosts|domains|mx) = \[(.*)\]$", re.MULTILINE)


@cache
def providers() -> tuple[Provider, ...]:
    """Return every provider, in the order of the file; their hosts do not overlap."""
    return providers_in(_text())


def provider_of(host: str) -> Provider | None:
    """Return the provider whose server this host is, or None."""
    return next((one for one in providers_naming(host) if one.matches(host)), None)


def providers_naming(name: str) -> Iterator[Provider]:
    """Yield those that have a name among their hosts, domains or MX hosts."""
    return (_alone(entry) for entry, names in _entries() if fits(names, name))


def provider_named(identity: str) -> Provider:
    """Return the provider with this id; KeyError when there is none."""
    return _by_id()[identity]


def preset(identity: str) -> Values:
    """Return values for our fields by key; KeyError when there is no such provider."""
    return provider_named(identity).preset()


@cache
def _by_id() -> dict[str, Provider]:
    return {one.id: one for one in providers()}


@cache
def _text() -> str:
    return Path(__file__).with_name("known.toml").read_text(encoding="utf-8")


@cache
def _entries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the text of each entry with the names in it."""
    texts = _text().split(f"\n{_ENTRY}\n")[1:]
    return tuple((text, tuple(_names_in(text))) for text in texts)


def _names_in(entry: str) -> Iterator[str]:
    for names in _NAMES.findall(entry):
        yield from (name.strip(' "') for name in names.split(","))


@cache
def _alone(entry: str) -> Provider:
    (provider,) = providers_in(f"{_ENTRY}\n{entry}")
    return provider
