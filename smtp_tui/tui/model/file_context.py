"""The context of the values: the file's application, its readers, and the keyring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from smtp_tui.config import file_access, keyring_backend
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, NotExpressibleError
from smtp_tui.config.file_access import distrust
from smtp_tui.diagnosis.advice import Advice, Severity, advise
from smtp_tui.diagnosis.experiments import TriedEncryptions
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.password_sources import KeyringSource, PasswordSource, other_host
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import PASSWORD, DraftState, SettingsDraft
from smtp_tui.tui.model.password import EXAMPLES, PasswordDraft, PasswordLocation

HIDDEN = "********"  # stands for a password that only saving fetches


class OpenFileContext:
    """One table's file, and what this machine knows about it."""

    def __init__(self, document: Document, table: str) -> None:
        self._document = document
        self._table = table
        # Why no keyring can be used and what was tried, once it was looked for.
        self.keyring_trouble: tuple[str, str] | None = None
        self.is_open = False
        self._misspelled: dict[str, tuple[str, str]] = {}

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self._document.path.parent

    def draft(self) -> SettingsDraft:
        """Return a draft of the table's values; it is empty if the table does not exist yet."""
        draft = SettingsDraft({}, application=self._document.application or "")
        self.rebase(draft, {})
        return draft

    def rebase(
        self, draft: SettingsDraft, edits: DraftState, *, keep_password: bool = False
    ) -> None:
        """Set a draft to the file's current values, then apply `edits`."""
        given, assumed = self._values(self._document)
        draft.rebase(given, assumed=assumed, keep_password=keep_password)
        draft.limits, draft.places = self._document.limits, self._places()
        with suppress(DocumentError):  # opening the table shows the error
            self._misspelled = self._document.misspelled_keys(self._table)
        self.check_readers()
        draft.restore(edits)

    def check_readers(self) -> None:
        """Check whether users who are neither owner nor in the group can read the file."""
        document = self._document
        self.is_open = document.exists and file_access.readable_by_others(document.path)

    async def look_for_keyring(self) -> str | None:
        """Find out whether a keyring can be used, and return why not."""
        trouble = await keyring_backend.keyring_state()
        self.keyring_trouble = (trouble, keyring_backend.looked_for()) if trouble else None
        return trouble

    def preview_effects(self, draft: SettingsDraft) -> None:
        """Update the draft's assumed values and rejections for its current changes."""
        if self._document.application is None:
            return
        # A change may alter the application's defaults, which must show before saving.
        if not draft.changed:
            draft.preview_effects(self._values(self._document)[1], {})
            return
        changes = preview_changes(draft)
        refused = {}
        try:
            after = self._document.after(self._table, changes, create=True)
        except NotExpressibleError as error:
            # The changes may be impossible only in combination: then the first gets the reason.
            refused = dict(self._refusals(changes)) or {next(iter(changes)): str(error)}
            after = self._document
        except DocumentError:
            return
        _, assumed = self._values(after)
        draft.preview_effects(assumed, refused)

    def advice(
        self, draft: SettingsDraft, tried: TriedEncryptions | None = None
    ) -> tuple[Advice, ...]:
        """Return the advice on the values in this file, without what a test has refuted."""
        advised = advise(draft.values(), tried)
        if self._document.display is not None:  # a compose file, whose values smtp-tui escapes
            advised = tuple(item for item in advised if item.id != "password-needs-quotes")
        return (*self._own_advice(draft), *advised)

    def _own_advice(self, draft: SettingsDraft) -> Iterator[Advice]:
        """Yield advice on where the password is kept, and on fields whose key is misspelled."""
        for name, (key, sentence) in self._misspelled.items():
            if draft.raw(key) is None:
                shown = escape_controls(name)
                yield Advice(
                    id="misspelled-key",
                    severity=Severity.WARNING,
                    field=key,
                    short=f"{shown}?",
                    text=escape_controls(sentence),
                    more="smtp-tui leaves that key as it is. Rename it in an editor.",
                )
        if self.keyring_trouble and draft.password.location is PasswordLocation.KEYRING:
            why, looked_for = self.keyring_trouble
            yield Advice(
                id="keyring-unavailable",
                severity=Severity.WARNING,
                field=PASSWORD,
                short="no usable keyring",
                text=as_sentence(why),
                more=as_sentence(looked_for),
            )
        if self.is_open and draft.password.will_be_in_file:
            yield Advice(
                id="file-readable",
                severity=Severity.WARNING,
                field=PASSWORD,
                short="readable by all",
                text="Every user of this machine can read this file, including the password.",
                more=f"{key_of('private')} lets only its owner read it (mode 0600).",
            )

    def _places(self) -> tuple[PasswordLocation, ...]:
        """Return the password locations that the file's application supports."""
        document, table = self._document, self._table
        if document.application is None:
            return tuple(PasswordLocation)
        return tuple(
            location
            for location, example in EXAMPLES.items()
            if document.can_express(table, PASSWORD, example)
        )

    def _values(self, document: Document) -> tuple[dict[str, object], dict[str, object]]:
        """Return the values that the table sets, and the application's defaults for other keys."""
        try:
            values, given = document.values(self._table), document.given(self._table)
        except NoTableError:
            # The table does not exist yet.
            return {}, {}
        assumed = {key: raw for key, raw in values.items() if key not in given and key in BY_KEY}
        return {key: raw for key, raw in values.items() if key in given}, assumed

    def _refusals(self, changes: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield (key, reason) for each change that the application cannot express even alone."""
        for key, value in changes.items():
            try:
                self._document.changed(self._table, {key: value}, create=True)
            except NotExpressibleError as error:
                yield key, escape_controls(str(error).removeprefix(f"{self._document.path}: "))
            except DocumentError:
                continue


def preview_changes(draft: SettingsDraft) -> dict[str, object | None]:
    """Return the valid changes; asterisks stand for a password still to be fetched."""
    wrong = draft.wrong()
    changes = {key: draft.to_write(key) for key in draft.changed if key not in wrong}
    password = draft.password
    if PASSWORD in changes and password.location is PasswordLocation.FILE and password.moves:
        changes[PASSWORD] = HIDDEN
    return changes


@record
class PasswordRisk:
    """A yes/no question, and the reason to report after a no."""

    question: str
    refusal: str


def risk_of_test(password: PasswordDraft, settings: Settings, file: Path) -> PasswordRisk | None:
    """Return the question to ask before a test; None if the password may be used."""
    source = settings.password
    if source is None or password.at_hand or not settings.needs_password:
        return None
    # Another user who can write the file can make it run a command, or send a password to their
    # own server.
    if password.is_as_in_file and (risk := risk_of_fetch(source, file, settings.host)):
        return risk
    if not isinstance(source, KeyringSource):
        return None
    # The entry may be named for another server, which alone should get its password.
    named = other_host(source.service, settings.host, settings.server_name)
    if named is None:
        return None
    entry = escape_controls(f"keyring entry {source.service} is named for {named}.")
    host = escape_controls(settings.host)
    refusal = escape_controls(f"the keyring entry is named for {named}.")
    return PasswordRisk(f"The {entry} Send its password to {host}?", refusal)


def risk_of_fetch(source: PasswordSource, file: Path, host: str = "") -> PasswordRisk | None:
    """Return the question to ask before fetching a password from the file's source, or None."""
    found = distrust(source, file, host=host)
    if found is None:
        return None
    question = f"The settings file asks smtp-tui to {found.act}, but {found.writer}. Do it?"
    return PasswordRisk(escape_controls(question), escape_controls(f"{found.writer}."))
