"""What taking over imported settings changes in the form: as one step, the password as typed. Pure.

Nothing is changed of which the text says nothing; what only follows from it is told as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from smtp_tui.interchange.results import Imported
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_secrets
from smtp_tui.settings.password_sources import Literal, parse_source
from smtp_tui.settings.validate import defaults, parse_fields
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST, PASSWORD, Draft, same_meaning, without_pinned_trust
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation, location_of, typed_text


@record
class ImportedPassword:
    """What becomes of the password: where it is kept and what is typed there; no repr shows it."""

    kept: PasswordLocation
    typed: str = field(repr=False)

    def take(self, password: PasswordDraft) -> Callable[[], None]:
        """Return what puts it into the form's password."""

        def deed() -> None:
            password.move_to(self.kept)
            password.type(self.typed)

        return deed

    @property
    def words(self) -> str:
        """Say where it comes from, or goes when it is saved."""
        match self.kept:
            case PasswordLocation.FILE:
                return text("import-password", "file")
            case PasswordLocation.KEYRING:
                return text("import-password", "keyring")
            case PasswordLocation.ENV:
                return text("import-password", "env", words=self.typed)
            case PasswordLocation.PATH:
                return text("import-password", "path", words=self.typed)
            case PasswordLocation.COMMAND:
                return text("import-password", "command", words=mask_secrets(self.typed))
            case PasswordLocation.ASK:
                return text("import-password", "ask")


@record
class ImportPlan:
    """What an import would do to the form.

    `change` leaves out what the form says already; `stays` are the fields that the text says
    nothing of, `leaks` whether a password of before would go to another host.
    """

    imported: Imported
    change: Mapping[str, object]
    secret: ImportedPassword | None = None
    stays: tuple[str, ...] = ()
    unsayable: tuple[str, ...] = ()
    leaks: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether taking it over would change nothing."""
        return not self.change and self.secret is None

    @property
    def labels(self) -> str:
        """Name the fields that it changes."""
        keys = [key for key in BY_KEY if key in self.change or (key == PASSWORD and self.secret)]
        return ", ".join(BY_KEY[key].label for key in keys)


def import_plan(imported: Imported, draft: Draft) -> ImportPlan:
    """Compare what was imported with the form."""
    values = imported.values if imported.found else {}
    unsayable = tuple(key for key in values if key in draft.limits)
    change = without_pinned_trust(dict(_changes(imported, draft)), draft) if values else {}
    secret = None if PASSWORD in draft.limits else _secret(values.get(PASSWORD), draft.password)
    told = {*values, *change}
    stays = tuple(key for key in BY_KEY if key not in told and draft.raw(key) is not None)
    return ImportPlan(
        imported,
        change,
        secret,
        stays if values else (),
        unsayable,
        leaks=PASSWORD in stays and HOST in change and draft.raw(HOST) is not None,
    )


def _changes(imported: Imported, draft: Draft) -> Iterator[tuple[str, object]]:
    values = {key: raw for key, raw in imported.values.items() if key != PASSWORD}
    without = defaults(parse_fields({**draft.values(), **_only_found(imported)})[0])
    for key in BY_KEY:
        if key not in values or key in draft.limits:
            continue
        raw, now = values[key], draft.raw(key)
        counting = draft.assumed(key) if now is None else now
        if same_meaning(BY_KEY[key], raw, counting):
            continue
        # What the text does not say, and what goes without saying here too, need not be set.
        if key not in imported.found and counting is None and _parsed(key, raw) == without[key]:
            continue
        yield key, raw


def _only_found(imported: Imported) -> dict[str, object]:
    return {key: imported.values[key] for key in imported.found if key in imported.values}


def _parsed(key: str, raw: object) -> object:
    return BY_KEY[key].parse(raw)


def _secret(raw: object | None, password: PasswordDraft) -> ImportedPassword | None:
    """Return what becomes of the password; None where it stays what it is."""
    if raw is None:
        return None
    source = parse_source(raw)
    if isinstance(source, Literal):
        kept = password.location if password.is_masked else PasswordLocation.FILE
        is_same = password.is_masked and password.at_hand == source.value
        return None if is_same else ImportedPassword(kept, source.value)
    kept, words = location_of(source), typed_text(source)
    is_same = password.location is kept and password.text.strip() == words
    return None if is_same else ImportedPassword(kept, words)
