"""Taking a password to another place: there first, read back, and only then away from here.

What is at hand is never lost unless the admin agrees. The settings file is written in between, by
the caller; `PasswordMove.leftover` is what to remove after that.
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
from smtp_tui.settings.password_sources import Command, File, Keyring, Literal, PasswordSource
from smtp_tui.tui.controllers.context import CancellableWaits
from smtp_tui.tui.model.draft import ACCOUNT, Draft
from smtp_tui.tui.model.file_context import risk_of_fetch
from smtp_tui.tui.widgets.dialog import folder_question

YES, NO, USE = "y", "n", "u"
LATE = "If the keyring answers later, it may still store the password."


class SteppedBackError(Exception):
    """The admin wants none of it."""


# Asks what only the admin can decide: a text, and keys with what they do. Returns the key;
# SteppedBackError after Escape.
Ask = Callable[[str, Sequence[tuple[str, str]]], Awaitable[str]]


@record
class PasswordMove:
    """What the file is to say, what is left to be removed, and what to report."""

    raw: object = field(default=None, repr=False)
    leftover: PasswordStore | None = None
    notes: tuple[str, ...] = ()
    stored: str = ""


class PasswordMover:
    """Moves the password of one draft's file; `was` is the username that the file has now."""

    def __init__(
        self, draft: Draft, file: Path, was: str, ask: Ask, waits: CancellableWaits
    ) -> None:
        self._password, self._account = draft.password, draft.text(ACCOUNT)
        self._file, self._was, self._ask, self._waits = file, was, ask, waits
        self._raw, self._target = draft.password.raw(), draft.password.target

    async def move(self) -> PasswordMove:
        """Bring the password to where it is to be; PasswordError where that failed.

        Nothing was lost then.
        """
        target, password = self._target, self._password
        if target is None:
            return PasswordMove()
        if isinstance(target, Literal) and password.changed:
            # The file itself is to have it: the caller writes it.
            return PasswordMove(await self._secret(), notes=self._old_place())
        if isinstance(target, Keyring) and not password.changed:
            return await self._rename(target)
        if password.changed:
            store = self._store(target, self._account)
            if not isinstance(target, Keyring | File) or store.refusal is not None:
                await self._leave_to_others(store)
            elif password.at_hand or password.moves:
                return await self._fill(store)
        return PasswordMove(self._raw)

    async def _fill(self, store: PasswordStore) -> PasswordMove:
        """Put the password into the keyring, or into a file of its own."""
        there = None if self._stays else await self._present(store)
        try:
            secret = await self._secret()
        except PasswordError:
            if there is None:
                raise
            return PasswordMove(self._raw)  # the old place has none, the new one does
        # The entry may be another program's.
        if there not in (None, secret):
            text = f"Another password is already in {store}."
            if await self._ask(text, [(USE, "Use that one"), (YES, "Replace it")]) == USE:
                return PasswordMove(self._raw)
        if there != secret:
            await self._keep(store, secret)
        return PasswordMove(self._raw, notes=self._old_place(), stored=str(store))

    async def _leave_to_others(self, store: PasswordStore) -> None:
        """Ask before a place is named that others fill, where the password would stand nowhere."""
        password, why = self._password, ""
        if not password.at_hand:
            return
        if not isinstance(store.source, password_sources.Ask):
            try:
                if await self._fetch(store) == password.at_hand:
                    return
                why = f"This place gives another password: {store}. "
            except PasswordError as error:
                why = f"The password is not there yet: {error}. "
        loss = "smtp-tui does not keep what you typed"
        if isinstance(password.source, Literal):
            loss = "Saving removes it from this file"
        refusal = store.refusal or ""
        refusal = f"{refusal[:1].upper()}{refusal[1:]}." if refusal else ""
        await self._ask(f"{why}{refusal} {loss}. Continue?".strip(), [(YES, "Continue")])

    async def _rename(self, target: Keyring) -> PasswordMove:
        """Move a keyring's entry to the new username, if the admin wants that."""
        was, account, raw = self._was, self._account, self._raw
        if was == account or not was or not account:
            return PasswordMove(raw)
        # A keyring files an entry by service and username: the new name would find nothing.
        old, new = self._store(target, was), self._store(target, account)
        if await self._present(new) is not None:
            note = f"the keyring already has an entry for {account}; it is used now"
            return PasswordMove(raw, notes=(note,))
        text = (
            f"A keyring entry belongs to a username. Move the entry {target.service} of {was} to "
            f"{account}?"
        )
        try:
            secret = await self._fetch(old)
            moves = await self._ask(text, [(YES, "Move it"), (NO, "Leave it")]) == YES
        except PasswordError:
            moves = False
        if not moves:
            lacking = f"the keyring has no entry for {account} yet; type the password again"
            return PasswordMove(raw, notes=(lacking,))
        await self._keep(new, secret)
        return PasswordMove(raw, leftover=old, stored=str(new))

    async def _keep(self, store: PasswordStore, secret: str) -> None:
        beware = LATE if isinstance(store.source, Keyring) else ""
        if isinstance(store.source, File) and (question := folder_question(store.path)):
            await self._ask(question, [(YES, "Create it")])
        refused = await self._waits.on(store.store(secret), beware)
        if refused is not None:
            del secret  # the traceback leads to this frame
            raise refused

    async def _secret(self) -> str:
        password = self._password
        if password.at_hand or password.source is None:
            return password.at_hand
        # Somebody else may have named the command or the file.
        is_outside = isinstance(password.source, Command | File)
        if is_outside and (risk := risk_of_fetch(password.source, self._file)):
            await self._ask(risk.question, [(YES, "Yes")])
        return await self._fetch(self._store(password.source, self._was))

    async def _present(self, store: PasswordStore) -> str | None:
        """Return what is in a place already; a keyring that fails now would fail again."""
        try:
            return await self._fetch(store)
        except NoPasswordError:
            return None
        except PasswordError:
            if isinstance(store.source, Keyring):
                raise
            return None

    async def _fetch(self, store: PasswordStore) -> str:
        return await self._waits.on(store.fetch())

    def _store(self, source: PasswordSource, account: str) -> PasswordStore:
        return PasswordStore(source, account, absolute(self._file).parent, os.environ)

    @property
    def _stays(self) -> bool:
        return self._password.source == self._target and self._was == self._account

    def _old_place(self) -> tuple[str, ...]:
        """Return a note on the place that had the password before."""
        old = self._password.source
        if self._stays or not (isinstance(old, File) or (isinstance(old, Keyring) and self._was)):
            return ()
        # It is not removed: another program may read it.
        return (f"the old place still has a password: {self._store(old, self._was)}",)
