"""Writing what was changed: the secret to the keyring first, then the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.kept import Kept
from smtp_tui.tui.model import ACCOUNT, PASSWORD, Draft


class Keyring(Protocol):
    """What the form asks of a keyring; PasswordError says in words what went wrong."""

    async def state(self) -> str | None:
        """Return why no keyring can be used here and what to do instead, or None."""

    async def store(self, service: str, account: str, secret: str) -> None:
        """Store a password and read it back."""


class SystemKeyring:
    """The keyring of this machine, loaded when it is first wanted."""

    async def state(self) -> str | None:
        """Return why no keyring can be used here and what to do instead, or None."""
        from smtp_tui.config.keyrings import keyring_state

        return await keyring_state()

    async def store(self, service: str, account: str, secret: str) -> None:
        """Store a password and read it back."""
        from smtp_tui.config.passwords import store

        await store(service, account, secret)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What saving came to, in words, and the field that stood in the way."""

    message: str
    ok: bool
    field: str | None = None


def values_of(document: Document, table: str) -> dict[str, object]:
    """Return a table's raw values; a table that is still to be made has none."""
    try:
        return document.values(table)
    except NoTableError:
        return {}


async def save(draft: Draft, document: Document, table: str, keyring: Keyring) -> Outcome:
    """Save the draft's changes; whatever could not be saved stays in the draft."""
    wrong = draft.unsavable()
    for key, problem in wrong.items():
        return Outcome(f"Not saved. {visible(problem)}", ok=False, field=key)
    if not draft.changed:
        return Outcome("Nothing to save: the file says the same.", ok=True)
    stored, orphaned = draft.password.to_store() is not None, ""
    refusal = await _store(draft, keyring)
    stored = stored and not refusal
    changes = draft.changes()
    if refusal:
        changes.pop(PASSWORD, None)
    try:
        if changes:
            document.save(table, changes)
    except DocumentError as error:
        told = "The keyring has the password, but the file was not saved" if stored else "Not saved"
        return Outcome(visible(f"{told}: {error}"), ok=False)
    if ACCOUNT in changes and draft.password.kept is Kept.KEYRING and not (stored or refusal):
        orphaned = ". The keyring files passwords by user name: type it again for this one"
    draft.rebase(values_of(document, table), keep_password=bool(refusal))
    saved = f"Saved: {', '.join(changes)}{orphaned}" if changes else ""
    if refusal:
        told = f"The password is NOT saved: {visible(refusal)}"
        return Outcome(f"{told} {saved}".strip(), ok=False, field=PASSWORD)
    return Outcome(saved, ok=True)


async def _store(draft: Draft, keyring: Keyring) -> str:
    """Bring the password to the keyring where it is to be kept there; say why that failed."""
    from smtp_tui.config.errors import PasswordError

    wanted = draft.password.to_store()
    if wanted is None:
        return ""
    service, secret = wanted
    try:
        await keyring.store(service, draft.text(ACCOUNT), secret)
    except PasswordError as error:
        return str(error)
    return ""
