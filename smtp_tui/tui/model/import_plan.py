"""What an import changes in the form, as one step: only what the imported text sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

    location: PasswordLocation
    typed: str = field(repr=False)

    def put_into(self, password: PasswordDraft) -> None:
        """Set the form's password."""
        password.move_to(self.location)
        password.type(self.typed)

    @property
    def description(self) -> str:
        """Where it comes from, or goes when it is saved."""
        shown = self.typed
        if self.location in (PasswordLocation.FILE, PasswordLocation.KEYRING):
            shown = ""
        elif self.location is PasswordLocation.COMMAND:
            shown = mask_secrets(self.typed)  # a command may be called with a secret of its own
        return text("import-password", self.location.name.lower(), words=shown)


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
        """The labels of the fields that it changes."""
        keys = [key for key in BY_KEY if key in self.change or (key == PASSWORD and self.secret)]
        return ", ".join(BY_KEY[key].label for key in keys)


def import_plan(imported: Imported, draft: Draft) -> ImportPlan:
    """Compare what was imported with the form."""
    values = imported.values if imported.found else {}
    unsayable = tuple(key for key in values if key in draft.limits)
    change = without_pinned_trust(dict(_changes(imported, draft)), draft) if values else {}
    raw = None if PASSWORD in draft.limits else values.get(PASSWORD)
    secret = _imported_password(raw, draft.password)
    named = {*values, *change}
    stays = tuple(key for key in BY_KEY if key not in named and draft.raw(key) is not None)
    return ImportPlan(
        imported,
        change,
        secret,
        stays if values else (),
        unsayable,
        leaks=PASSWORD in stays and HOST in change and draft.raw(HOST) is not None,
    )


def _changes(imported: Imported, draft: Draft) -> Iterator[tuple[str, object]]:
    values = imported.values
    found = {key: values[key] for key in imported.found if key in values}
    without = defaults(parse_fields({**draft.values(), **found})[0])
    for key, described in BY_KEY.items():
        if key == PASSWORD or key not in values or key in draft.limits:
            continue
        raw, counting = values[key], draft.counting(key)
        if same_meaning(described, raw, counting):
            continue
        # What the text does not say, and what goes without saying here too, need not be set.
        is_found = key in imported.found or counting is not None
        if is_found or described.parse(raw) != without[key]:
            yield key, raw


def _imported_password(raw: object | None, password: PasswordDraft) -> ImportedPassword | None:
    """Return what becomes of the password; None where it stays what it is."""
    if raw is None:
        return None
    source = parse_source(raw)
    if isinstance(source, Literal):
        location = password.location if password.is_masked else PasswordLocation.FILE
        is_same = password.is_masked and password.at_hand == source.value
        return None if is_same else ImportedPassword(location, source.value)
    location, typed = location_of(source), typed_text(source)
    is_same = password.location is location and password.text.strip() == typed
    return None if is_same else ImportedPassword(location, typed)
