"""A provider by its id."""

from __future__ import annotations

from smtp_tui.providers import Provider, providers


def provider_named(identity: str) -> Provider:
    """The provider with this id."""
    return {one.id: one for one in providers()}[identity]
