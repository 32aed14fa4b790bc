"""Taking a password to another place: there first, read back, and only then away from here.

What is at hand is never lost unless the admin says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.config.errors import NoPasswordError, PasswordError
from smtp_tui.config.paths import absolute
from smtp_tui.records import record
from smtp_tui.settings.password_sources import Ask, File, Keyring, Literal, PasswordSource
from smtp_tui.tui.controllers.keyring_backend import KeyringBackend
from smtp_tui.tui.controllers.password_risk import risk_of_move
from smtp_tui.tui.controllers.waits import CancellableWaits
from smtp_tui.tui.model.password import PasswordDraft
from smtp_tui.tui.widgets.dialog import folder_question, missing_folder

if TYPE_CHECKING:
    from smtp_tui.config.password_store import PasswordStore

PATIENCE = 30.0
YES, NO, USE, BACK = "y", "n", "u", "escape"
LATE = "If the keyring answers later, it may still store the password."


@record
class ConfirmPrompt:
    """What only the admin can decide: a text, and keys with what they do; Escape steps back."""

    text: str
    answers: tuple[tuple[str, str], ...]


Asking = Callable[[ConfirmPrompt], Awaitable[str]]


class SteppedBackError(Exception):
    """The admin wants none of it."""


@record
class PasswordMove:
    """What the file is to say, what is left to be removed, and what to tell."""

    raw: object = field(repr=False)
    leftover: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    stored: str = ""


@record
class PasswordMover:
    """Moves the password of one file."""

    vault: KeyringBackend
    file: Path
    environ: Mapping[str, str]
    ask: Asking
    waits: CancellableWaits

    async def move(self, password: PasswordDraft, was: str, account: str) -> PasswordMove:
        """Bring the password to where it is to be; `was` and `account` are the user names.

        PasswordError where that failed: nothing was lost then.
        """
        target = password.target
        match target:
            case None:
                return PasswordMove(None)
            case Keyring() if not password.changed:
                return await self._rename(target, was, account)
            case _ if not password.changed:
                return PasswordMove(password.raw())
            case Literal():
                secret = await self._secret(password, was)
                return PasswordMove(secret, notes=self._left_behind(password, target, was, account))
            case Keyring() | File() if self._place(target, account).refusal is None:
                return await self._fill(password, target, was, account)
            case _:
                return await self._leave_to_others(password, target, account)

    async def fetched(self, source: PasswordSource, account: str) -> str:
        """Return the password that is in a place; PasswordError where there is none."""
        if isinstance(source, Keyring):
            return await self.waits.on(self.vault.fetch(source.service, account))
        return await self.waits.on(self._place(source, account).fetched(PATIENCE))

    async def _fill(
        self, password: PasswordDraft, target: PasswordSource, was: str, account: str
    ) -> PasswordMove:
        """Put the password into the keyring, or into a file of its own."""
        place, raw = self._place(target, account), password.raw()
        if not (password.at_hand or password.comes_along):
            return PasswordMove(raw)
        is_own = password.old == target and was == account
        there = None if is_own else await self._there(target, account)
        try:
            secret = await self._secret(password, was)
        except PasswordError:
            if there is None:
                raise
            return PasswordMove(raw)  # the old place has none, the new one does
        if there is not None and there != secret:
            text = f"Another password is already in {place}."
            answer = await self.ask(
                ConfirmPrompt(text, ((USE, "Use that one"), (YES, "Replace it")))
            )
            if answer == BACK:
                raise SteppedBackError
            if answer == USE:
                return PasswordMove(raw)
        if there != secret:
            await self._keep(place, secret)
        return PasswordMove(
            raw, notes=self._left_behind(password, target, was, account), stored=str(place)
        )

    async def _leave_to_others(
        self, password: PasswordDraft, target: PasswordSource, account: str
    ) -> PasswordMove:
        """Only name the place; ask where the password would then stand nowhere."""
        raw = password.raw()
        if not password.at_hand:
            return PasswordMove(raw)
        place = self._place(target, account)
        why = ""
        if not isinstance(target, Ask):
            try:
                if await self.fetched(target, account) == password.at_hand:
                    return PasswordMove(raw)
                why = f"This place gives another password: {place}. "
            except PasswordError as error:
                why = f"The password is not there yet: {error}. "
        is_here = isinstance(password.old, Literal)
        loss = (
            "Saving removes it from this file"
            if is_here
            else "smtp-tui does not keep what you typed"
        )
        text = f"{why}{_sentence(place.refusal or '')} {loss}. Continue?"
        if await self.ask(ConfirmPrompt(text.strip(), ((YES, "Continue"),))) != YES:
            raise SteppedBackError
        return PasswordMove(raw)

    async def _rename(self, target: Keyring, was: str, account: str) -> PasswordMove:
        """Have the entry of a keyring follow the user name, if the admin wants that."""
        raw = {"keyring": target.service}
        if was == account or not was or not account:
            return PasswordMove(raw)
        if await self._there(target, account) is not None:
            return PasswordMove(
                raw, notes=(f"the keyring already has an entry for {account}; it is used now",)
            )
        try:
            secret = await self.fetched(target, was)
        except PasswordError:
            return PasswordMove(
                raw, notes=(f"the keyring has no entry for {account} yet; type the password again",)
            )
        text = (
            f"A keyring entry belongs to a username. Move the entry {target.service} of {was} to "
            f"{account}?"
        )
        answer = await self.ask(ConfirmPrompt(text, ((YES, "Move it"), (NO, "Leave it"))))
        if answer == BACK:
            raise SteppedBackError
        if answer == NO:
            return PasswordMove(
                raw, notes=(f"the keyring has no entry for {account} yet; type the password again",)
            )
        await self.waits.on(self.vault.store(target.service, account, secret), LATE)
        entry = str(self._place(target, account))
        return PasswordMove(raw, leftover=(target.service, was), stored=entry)

    async def _keep(self, place: PasswordStore, secret: str) -> None:
        if isinstance(place.source, Keyring):
            store = self.vault.store(place.source.service, place.account, secret)
            await self.waits.on(store, LATE)
            return
        from smtp_tui.config.password_store import keep_password

        if (folder := missing_folder(place.path)) is not None:
            await self._must_agree(ConfirmPrompt(folder_question(folder), ((YES, "Create it"),)))
        refused = await self.waits.on(keep_password(place, secret, PATIENCE))
        if refused is not None:
            del secret
            raise refused

    async def _secret(self, password: PasswordDraft, was: str) -> str:
        if password.at_hand or password.old is None:
            return password.at_hand
        if (risk := risk_of_move(password.old, self.file)) is not None:
            await self._must_agree(ConfirmPrompt(risk.question, ((YES, "Yes"),)))
        return await self.fetched(password.old, was)

    async def _must_agree(self, doubt: ConfirmPrompt) -> None:
        if await self.ask(doubt) != YES:
            raise SteppedBackError

    async def _there(self, source: PasswordSource, account: str) -> str | None:
        """Return what is in a place already; a keyring that fails now would fail again."""
        try:
            return await self.fetched(source, account)
        except NoPasswordError:
            return None
        except PasswordError:
            if isinstance(source, Keyring):
                raise
            return None

    def _left_behind(
        self, password: PasswordDraft, target: PasswordSource, was: str, account: str
    ) -> tuple[str, ...]:
        """Name the place that had the password before, which others may use."""
        old = password.old
        if not isinstance(old, Keyring | File) or (old == target and was == account):
            return ()
        if isinstance(old, Keyring) and not was:
            return ()
        return (f"the old place still has a password: {self._place(old, was)}",)

    def _place(self, source: PasswordSource, account: str) -> PasswordStore:
        from smtp_tui.config.password_store import PasswordStore

        return PasswordStore(source, account, absolute(self.file).parent, self.environ)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
