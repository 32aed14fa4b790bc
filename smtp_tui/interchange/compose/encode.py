"""Turn changed settings into changed variables of a service's program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.tablepath import Changes
from smtp_tui.interchange import envfile
from smtp_tui.interchange.compose.edit import VariableChanges
from smtp_tui.interchange.compose.services import ComposeService
from smtp_tui.interchange.export_builder import EXPORTED_TOGETHER, export_pairs, export_text
from smtp_tui.interchange.import_builder import EnvRef
from smtp_tui.interchange.spec import FormatSpec, ImportNote, InterchangeError, text
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import equivalent


def secret_name(form: FormatSpec) -> str:
    """Return the name of the password in the format's table `write`."""
    return next(name for name, source in form.write.items() if source == "password")


def names(form: FormatSpec, service: ComposeService) -> frozenset[str]:
    """Return the variables of a format that smtp-tui knows."""
    if form.prefixes:
        return frozenset(name for name in service.variables if name.startswith(form.prefixes))
    return form.own | form.hosts | form.shares | form.write.keys()


def decides_link(form: FormatSpec, service: ComposeService) -> bool:
    """Whether a service has a variable that decides about encryption."""
    return any(_LINK.search(name) for name in names(form, service) & service.variables.keys())


_LINK = re.compile(r"TLS|SSL|SECUR|ENCRYPTION|SCHEME|PROTOCOL")


def _variables_of(
    form: FormatSpec, values: Mapping[str, Any]
) -> tuple[dict[str, str], tuple[ImportNote, ...]]:
    """Return the variables that express values, and notes on what they do not express."""
    known = {key: value for key, value in values.items() if key in BY_KEY}
    has_literal = isinstance(values.get("password"), str)
    if form.prefixes:
        return export_pairs(form.name, known, with_password=has_literal)
    exported = export_text(form.name, known, with_password=has_literal, quoting="docker")
    read = envfile.read(exported.text, "docker")
    return {entry.name: entry.value for entry in read if entry.name}, exported.notes


def wanted_variables(
    form: FormatSpec, service: ComposeService, old: Mapping[str, Any], wanted: Changes
) -> tuple[VariableChanges, tuple[ImportNote, ...]]:
    """Return the variables to change; NotExpressibleError if the program has none for a value."""
    for key, value in wanted.items():
        if key not in form.expresses | EXPORTED_TOGETHER:
            raise NotExpressibleError(text("compose-no-place", program=form.title, key=key), key)
        if key == "password" and not _can_hold(value):
            raise NotExpressibleError(text("compose-password"), key)
    new = {**old, **wanted}
    new = {key: value for key, value in new.items() if value is not None}
    try:
        after, notes = _variables_of(form, new)
    except InterchangeError as error:
        named = (key for key in wanted if str(error).startswith(key) or f"({key})" in str(error))
        key = next(named, next(iter(wanted)))
        raise NotExpressibleError(str(error), key) from None
    try:
        before, _ = _variables_of(form, old)
    except InterchangeError:  # the old values are no valid settings, so all of the new ones count
        before = {}
    changes: dict[str, str | EnvRef | None] = {}
    own = _OwnNames(form, service)
    secret = own.name(secret_name(form))
    # With both, Vaultwarden and Grafana do not start.
    for name in (f"{secret}_FILE", f"{secret}__FILE"):
        if "password" in wanted and name in service.variables:
            raise NotExpressibleError(text("compose-password-file", name=name), "password")
    for name in (*after, *(name for name in before if name not in after)):
        value = after.get(name)
        if value != before.get(name):
            changes[own.name(name)] = value
    match wanted.get("password"):
        case {"env": str(name)}:
            changes[secret] = EnvRef(name)
        case None if "password" in wanted:
            changes[secret] = None
    present = service.variables
    return {
        name: value for name, value in changes.items() if value is not None or name in present
    }, notes


def _can_hold(password: object) -> bool:
    is_variable = isinstance(password, dict) and password.keys() == {"env"}
    return password is None or isinstance(password, str) or is_variable


class _OwnNames:
    """The names that a service has for the variables which its format writes.

    Node programs have several (SMTP_PASS, EMAIL_SERVER_PASSWORD and so on), and programs with a
    file of their own make them of its keys.
    """

    def __init__(self, form: FormatSpec, service: ComposeService) -> None:
        self._names: dict[str, str] = {}
        there = list(service.variables)
        if form.prefixes:
            used = [one for one in form.prefixes if any(name.startswith(one) for name in there)]
            written = {key: form.variable_of(key, *used[:1]) for key in form.write}
            own = {form.key_of(name): name for name in there if name.startswith(form.prefixes)}
            self._names = written | own
        if suffixes := form.read.get("node"):
            host = next((name for name in there if name in form.hosts), "SMTP_HOST")
            prefix = re.sub(r"(HOST|SERVER)$", "", host)
            for name, source in form.write.items():
                plain = name.removeprefix("SMTP_")
                known = suffixes.get(source if isinstance(source, str) else "", [plain])
                taken = [suffix for suffix in known if prefix + suffix in there]
                self._names[name] = prefix + (taken[0] if taken else plain)

    def name(self, written: str) -> str:
        return self._names.get(written, written)


def check(
    form: FormatSpec,
    old: Mapping[str, Any],
    given: frozenset[str],
    new: Mapping[str, Any],
    wanted: Changes,
    notes: tuple[ImportNote, ...],
) -> None:
    """Raise NotExpressibleError if the new variables mean anything else than was wanted."""
    for key, value in wanted.items():
        if value is None or equivalent(key, new.get(key), value):
            continue
        if key == "starttls_auto" and not value and not new.get(key):
            continue
        note = next((note.text for note in notes if note.key == key), None)
        is_lone = key == "password" and not new.get("username")
        why = text("compose-lone-password" if is_lone else "compose-decided", program=form.title)
        raise NotExpressibleError(note or why, key)
    for key in given - wanted.keys():
        before, after = old.get(key), new.get(key)
        if key == "starttls_auto":
            # It counts only without encryption, and is false where nothing sets it.
            before, after = bool(before), bool(after) and new.get("encryption") == "none"
            before = before and new.get("encryption") == "none"
        if not equivalent(key, before, after):
            first = next(iter(wanted))
            reason = text("compose-would-change", key=key, wanted=first)
            raise NotExpressibleError(reason, first)
