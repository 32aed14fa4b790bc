"""The mail providers that ship with the program: `known.toml`, read when first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from smtp_tui.providers.provider import Provider, Values
from smtp_tui.providers.reading import providers_in


@cache
def providers() -> tuple[Provider, ...]:
    """Return every provider, in the order of the file; their hosts do not overlap."""
    return providers_in(Path(__file__).with_name("known.toml").read_text(encoding="utf-8"))


def provider_of(host: str) -> Provider | None:
    """Return the provider whose server this host is, or None."""
    return next((one for one in providers() if one.matches(host)), None)


def provider_named(identity: str) -> Provider:
    """Return the provider with this id; KeyError when there is none."""
    return _by_id()[identity]


def preset(identity: str) -> Values:
    """Return values for our fields by key; KeyError when there is no such provider."""
    return provider_named(identity).preset()


@cache
def _by_id() -> dict[str, Provider]:
    return {one.id: one for one in providers()}
