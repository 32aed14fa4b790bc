"""The keyring as the form sees it."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """What the form asks of a keyring; PasswordError says in words what went wrong."""

    async def state(self) -> str | None:
        """Return why no keyring can be used here and what to do instead, or None."""

    async def fetch(self, service: str, account: str) -> str:
        """Return the password that is kept."""

    async def store(self, service: str, account: str, secret: str) -> None:
        """Store a password and read it back."""

    async def forget(self, service: str, account: str) -> None:
        """Take a password out."""


class SystemVault:
    """The keyring of this machine, loaded when it is first wanted."""

    async def state(self) -> str | None:
        """Return why no keyring can be used here and what to do instead, or None."""
        from smtp_tui.config.keyrings import keyring_state

        return await keyring_state()

    async def fetch(self, service: str, account: str) -> str:
        """Return the password that is kept."""
        from smtp_tui.config.keyrings import fetch_entry

        return await fetch_entry(service, account)

    async def store(self, service: str, account: str, secret: str) -> None:
        """Store a password and read it back."""
        from smtp_tui.config.passwords import store

        await store(service, account, secret)

    async def forget(self, service: str, account: str) -> None:
        """Take a password out."""
        from smtp_tui.config.passwords import forget

        await forget(service, account)
