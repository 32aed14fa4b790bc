"""Turn changed settings into changed variables of a service's program."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.tablepath import Changes
from smtp_tui.interchange import envfile
from smtp_tui.interchange.compose.edit import VariableChanges
from smtp_tui.interchange.export_builder import EXPORTED_TOGETHER, export_pairs, export_text
from smtp_tui.interchange.import_builder import EnvRef
from smtp_tui.interchange.spec import FormatSpec, ImportNote, InterchangeError, text
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import equivalent


def secret_name(form: FormatSpec) -> str:
    """Return the name of the password in the format's table `write`."""
    return next(name for name, source in form.write.items() if source == "password")


def names(form: FormatSpec, there: Collection[str], *, by_keys: bool = False) -> frozenset[str]:
    """Return the variables of a format that smtp-tui knows, given those that are there.

    `by_keys`: they are the keys of the program's own file.
    """
    if form.prefixes and not by_keys:
        return frozenset(name for name in there if name.startswith(form.prefixes))
    if form.carrier and not by_keys:
        return frozenset((form.carrier,))
    known = form.own | form.hosts | form.shares | form.write.keys()
    return known | {f"{form.outer_prefix}{name}" for name in known}


def decides_link(form: FormatSpec, there: Collection[str], *, by_keys: bool = False) -> bool:
    """Whether one of the variables that are there decides about encryption."""
    known = names(form, there, by_keys=by_keys) & set(there)
    return any(_LINK.search(name) for name in known) or (form.in_one and bool(known))


_LINK = re.compile(r"TLS|SSL|SECUR|ENCRYPTION|SCHEME|PROTOCOL", re.IGNORECASE)


def _variables_of(
    form: FormatSpec, values: Mapping[str, Any], *, by_keys: bool
) -> tuple[dict[str, Any], tuple[ImportNote, ...]]:
    """Return the variables that express values, and notes on what they do not express."""
    known = {key: value for key, value in values.items() if key in BY_KEY}
    has_literal = isinstance(values.get("password"), str)
    if form.prefixes or not form.takes_quoting:
        pairs, notes = export_pairs(form.name, known, with_password=has_literal)
        spelled = form.code("spelled_in_variable") if form.prefixes and not by_keys else str
        return {
            name: spelled(str(value)) if form.prefixes else value for name, value in pairs.items()
        }, notes
    exported = export_text(form.name, known, with_password=has_literal, quoting="docker")
    read = envfile.read(exported.text, "docker")
    return {entry.name: entry.value for entry in read if entry.name}, exported.notes


def wanted_variables(
    form: FormatSpec,
    there: Collection[str],
    old: Mapping[str, Any],
    wanted: Changes,
    *,
    by_keys: bool = False,
    can_refer: bool = True,
) -> tuple[VariableChanges, tuple[ImportNote, ...]]:
    """Return the variables to change, given those that are there.

    `by_keys`: they are the keys of the program's own file; `can_refer`: a password may be a
    variable. NotExpressibleError if the program has no variable for a value.
    """
    can_refer = can_refer and not form.in_one
    _require_places(form, wanted, can_refer=can_refer)
    new = {key: value for key, value in {**old, **wanted}.items() if value is not None}
    if "username" not in new and "authentication" not in wanted:
        new.pop("authentication", None)  # no login, so no mechanism
    try:
        after, notes = _variables_of(form, new, by_keys=by_keys)
    except InterchangeError as error:
        named = (key for key in wanted if str(error).startswith(key) or f"({key})" in str(error))
        key = next(named, next(iter(wanted)))
        raise NotExpressibleError(str(error), key) from None
    try:
        before, _ = _variables_of(form, old, by_keys=by_keys)
    except InterchangeError:  # the old values are no valid settings, so all of the new ones count
        before = {}
    changes: dict[str, Any] = {}
    own = _OwnNames(form, there, by_keys=by_keys)
    secret = own.name(secret_name(form))
    # With both, Vaultwarden and Grafana do not start.
    for name in (f"{secret}_FILE", f"{secret}__FILE"):
        if "password" in wanted and name in there:
            raise NotExpressibleError(text("compose-password-file", name=name), "password")
    for name in (*after, *(name for name in before if name not in after)):
        value = after.get(name)
        if value != before.get(name):
            changes[own.name(name)] = value
    changes = {
        own.name(name): after[name] for name in _switches(form, own, there, changes)
    } | changes
    match wanted.get("password"):
        case {"env": str(name)}:
            changes[secret] = EnvRef(name)
        case None if "password" in wanted and not form.in_one:
            changes[secret] = None
    return {
        name: value for name, value in changes.items() if value is not None or name in there
    }, notes


def _require_places(form: FormatSpec, wanted: Changes, *, can_refer: bool) -> None:
    """Raise NotExpressibleError if the program has no place for one of the values."""
    for key, value in wanted.items():
        if key not in form.expresses | EXPORTED_TOGETHER:
            raise NotExpressibleError(text("compose-no-place", program=form.title, key=key), key)
        if key == "password" and not _can_hold(value, can_refer=can_refer):
            why = text("compose-password" if can_refer else "inplace-password", program=form.title)
            raise NotExpressibleError(why, key)


_OF_SENDER = ("sender", "from", "local_part", "mail_domain")


def _switches(
    form: FormatSpec, own: _OwnNames, there: Collection[str], changes: VariableChanges
) -> list[str]:
    """Return the names that a program without a mail server needs with its first one.

    GitLab, for one, uses sendmail until one of them is set.
    """
    always = [name for name, source in form.write.items() if "always" in source]
    of_server = {
        own.name(name)
        for name, source in form.write.items()
        if name not in always
        and not (isinstance(source, str) and any(word in source for word in _OF_SENDER))
    }
    if not of_server.isdisjoint(there) or of_server.isdisjoint(changes):
        return []
    return [name for name in always if own.name(name) not in there]


def _can_hold(password: object, *, can_refer: bool) -> bool:
    is_variable = can_refer and isinstance(password, dict) and password.keys() == {"env"}
    return password is None or isinstance(password, str) or is_variable


class _OwnNames:
    """The names that a service has for the variables which its format writes.

    Node programs have several (SMTP_PASS, EMAIL_SERVER_PASSWORD and so on), and programs with a
    file of their own make them of its keys.
    """

    def __init__(self, form: FormatSpec, there: Collection[str], *, by_keys: bool) -> None:
        self._names: dict[str, str] = {}
        if (outer := form.outer_prefix) and any(name.startswith(outer) for name in there):
            self._names = {name: f"{outer}{name}" for name in form.write}
        if form.prefixes and not by_keys:
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
        if key == "from" and str(new.get(key)).endswith(f" <{value}>"):
            continue  # the program adds a name to an address without one
        note = next((note.text for note in notes if note.key == key), None)
        is_lone = key == "password" and not new.get("username")
        why = text("compose-lone-password" if is_lone else "compose-decided", program=form.title)
        raise NotExpressibleError(note or why, key)
    for key in given - wanted.keys():
        before, after = old.get(key), new.get(key)
        if key == "authentication" and "username" in wanted and not new.get("username"):
            continue  # no login, so no mechanism
        if key == "starttls_auto":
            # It counts only without encryption, and is false where nothing sets it.
            before, after = bool(before), bool(after) and new.get("encryption") == "none"
            before = before and new.get("encryption") == "none"
        if not equivalent(key, before, after):
            first = next(iter(wanted))
            reason = text("compose-would-change", key=key, wanted=first)
            raise NotExpressibleError(reason, first)
