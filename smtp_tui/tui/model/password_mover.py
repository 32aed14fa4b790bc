"""Move a password to another place: store it there, read it back, then remove it here.

A password at hand is never lost without the admin's consent. The caller writes the settings file
after the move, then removes `PasswordMove.leftover`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field
from pathlib import Path

from smtp_tui.config.errors import NoPasswordError, PasswordError
from smtp_tui.config.password_store import PasswordStore
from smtp_tui.config.paths import absolute
from smtp_tui.records import record
from smtp_tui.settings import password_sources
from smtp_tui.settings.password_sources import (
    CommandSource,
    FileSource,
    KeyringSource,
    LiteralSource,
    PasswordSource,
)
from smtp_tui.tui.messages import folder_question
from smtp_tui.tui.model.draft import ACCOUNT, SettingsDraft
from smtp_tui.tui.model.file_context import risk_of_fetch
from smtp_tui.tui.model.waits import Waits

YES, NO, USE = "y", "n", "u"
LATE = "If the keyring answers later, it may still store the password."


class PasswordMoveCancelledError(Exception):
    """The admin left a question with Escape."""


# Asks the admin a question: its text, and (key, label) answers. Returns the chosen key, or raises
# PasswordMoveCancelledError.
Ask = Callable[[str, Sequence[tuple[str, str]]], Awaitable[str]]


@record
class PasswordMove:
    """The result of a move: the file's TOML value, the store to clear, and what to report."""

    raw: object = field(default=None, repr=False)
    leftover: PasswordStore | None = None
    notes: tuple[str, ...] = ()
    stored: str = ""


class PasswordMover:
    """Moves the password of one draft; `old_account` is the username in the file before saving."""

    def __init__(
        self, draft: SettingsDraft, file: Path, old_account: str, ask: Ask, waits: Waits
    ) -> None:
        self._password, self._account = draft.password, draft.text(ACCOUNT)
        self._file, self._old_account, self._ask, self._waits = file, old_account, ask, waits
        self._raw, self._target = draft.password.raw(), draft.password.target

    @property
    def place(self) -> PasswordStore | None:
        """The place that the file will name; None for no password, or one in the file itself."""
        target = self._target
        if target is None or isinstance(target, LiteralSource):
            return None
        return self._store(target, self._account)

    async def move(self) -> PasswordMove:
        """Move the password to its new place; PasswordError, with nothing lost, if that fails."""
        target, password = self._target, self._password
        if target is None:
            return PasswordMove()
        if isinstance(target, LiteralSource) and password.changed:
            # The password goes into the settings file, which the caller writes.
            return PasswordMove(await self._secret(), notes=self._old_place())
        if isinstance(target, KeyringSource) and not password.changed:
            return await self._rename(target)
        if password.changed:
            store = self._store(target, self._account)
            if not isinstance(target, KeyringSource | FileSource) or store.refusal is not None:
                await self._leave_to_others(store)
            elif password.at_hand or password.moves:
                return await self._fill(store)
        return PasswordMove(self._raw)

    async def _fill(self, store: PasswordStore) -> PasswordMove:
        """Store the password in the keyring, or in its own file."""
        existing = None if self._stays else await self._present(store)
        try:
            secret = await self._secret()
        except PasswordError:
            if existing is None:
                raise
            return PasswordMove(self._raw)  # only the new place has a password
        # The entry may belong to another program.
        if existing not in (None, secret):
            text = f"Another password is already in {store}."
            if await self._ask(text, [(USE, "Use that one"), (YES, "Replace it")]) == USE:
                return PasswordMove(self._raw)
        if existing != secret:
            await self._keep(store, secret)
        return PasswordMove(self._raw, notes=self._old_place(), stored=str(store))

    async def _leave_to_others(self, store: PasswordStore) -> None:
        """Ask before naming a place that smtp-tui does not fill and that lacks the password."""
        password, why = self._password, ""
        if not password.at_hand:
            return
        if not isinstance(store.source, password_sources.AskSource):
            try:
                if await self._fetch(store) == password.at_hand:
                    return
                why = f"This place gives another password: {store}. "
            except PasswordError as error:
                why = f"The password is not there yet: {error}. "
        loss = "smtp-tui does not keep what you typed"
        if isinstance(password.source, LiteralSource):
            loss = "Saving removes the password from this file"
        refusal = store.refusal or ""
        refusal = f"{refusal[:1].upper()}{refusal[1:]}." if refusal else ""
        await self._ask(f"{why}{refusal} {loss}. Continue?".strip(), [(YES, "Continue")])

    async def _rename(self, target: KeyringSource) -> PasswordMove:
        """Move a keyring entry to the new username, if the admin agrees."""
        old_account, account, raw = self._old_account, self._account, self._raw
        if old_account == account or not old_account or not account:
            return PasswordMove(raw)
        # A keyring looks up an entry by service and username: the new username has none yet.
        old, new = self._store(target, old_account), self._store(target, account)
        if await self._present(new) is not None:
            note = f"the keyring already has an entry for {account}; it is used now"
            return PasswordMove(raw, notes=(note,))
        text = (
            "A keyring entry belongs to a username. "
            f"Move the entry {target.service} of {old_account} to {account}?"
        )
        try:
            secret = await self._fetch(old)
            moves = await self._ask(text, [(YES, "Move it"), (NO, "Leave it")]) == YES
        except PasswordError:
            moves = False
        if not moves:
            note = f"the keyring has no entry for {account} yet; type the password again"
            return PasswordMove(raw, notes=(note,))
        await self._keep(new, secret)
        return PasswordMove(raw, leftover=old, stored=str(new))

    async def _keep(self, store: PasswordStore, secret: str) -> None:
        warning = LATE if isinstance(store.source, KeyringSource) else ""
        if isinstance(store.source, FileSource) and (question := folder_question(store.path)):
            await self._ask(question, [(YES, "Create it")])
        refused = await self._waits.on(store.store(secret), warning)
        if refused is not None:
            del secret  # a traceback would show this frame's locals
            raise refused

    async def _secret(self) -> str:
        password = self._password
        if password.at_hand or password.source is None:
            return password.at_hand
        # Another user may have named the command or the file.
        is_outside = isinstance(password.source, CommandSource | FileSource)
        if is_outside and (risk := risk_of_fetch(password.source, self._file)):
            await self._ask(risk.question, [(YES, "Yes")])
        return await self._fetch(self._store(password.source, self._old_account))

    async def _present(self, store: PasswordStore) -> str | None:
        """Return a store's password, or None; raise a keyring's error, since it would recur."""
        try:
            return await self._fetch(store)
        except NoPasswordError:
            return None
        except PasswordError:
            if isinstance(store.source, KeyringSource):
                raise
            return None

    async def _fetch(self, store: PasswordStore) -> str:
        return await self._waits.on(store.fetch())

    def _store(self, source: PasswordSource, account: str) -> PasswordStore:
        return PasswordStore(source, account, absolute(self._file).parent, os.environ)

    @property
    def _stays(self) -> bool:
        return self._password.source == self._target and self._old_account == self._account

    def _old_place(self) -> tuple[str, ...]:
        """Return a note that the old place still has the password, if it does."""
        old = self._password.source
        if self._stays or not (
            isinstance(old, FileSource) or (isinstance(old, KeyringSource) and self._old_account)
        ):
            return ()
        # The old password is not removed: another program may read it.
        return (f"the old place still has a password: {self._store(old, self._old_account)}",)
