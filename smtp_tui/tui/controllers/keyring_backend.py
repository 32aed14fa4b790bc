"""The keyring as the form sees it."""

from __future__ import annotations

from typing import Protocol


class KeyringBackend(Protocol):
    """What the form asks of a keyring; PasswordError says in words what went wrong."""

    async def state(self) -> str | None:
        """Return why no keyring can be used here and what to do instead, or None."""

    async def fetch(self, service: str, account: str) -> str:
        """Return the password that is kept."""

    async def store(self, service: str, account: str, secret: str) -> None:
        """Store a password and read it back."""

    async def forget(self, service: str, account: str) -> None:
        """Take a password out."""


class SystemKeyring:
    """The keyring of this machine, loaded when it is first wanted."""

    async def state(self) -> str | None:
        """Return why no keyring can be used here and what to do instead, or None."""
        from smtp_tui.config.keyring_backend import keyring_state

        return await keyring_state()

    async def fetch(self, service: str, account: str) -> str:
        """Return the password that is kept."""
        from smtp_tui.config.keyring_backend import fetch_entry

        return await fetch_entry(service, account)

    async def store(self, service: str, account: str, secret: str) -> None:
        """Store a password and read it back."""
        from smtp_tui.config.password_store import store_password

        await store_password(service, account, secret)

    async def forget(self, service: str, account: str) -> None:
        """Take a password out."""
        from smtp_tui.config.password_store import forget_password

        await forget_password(service, account)
