"""Compare the settings that run with those in a file, without showing a password."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Any

from smtp_tui.config.mask import masked_value
from smtp_tui.interchange.importer import import_variables
from smtp_tui.interchange.spec import FormatSpec, InterchangeError
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.password_sources import LiteralSource, parse_source
from smtp_tui.settings.validate import equivalent, parse_settings
from smtp_tui.survey.belonging import Relation, import_held
from smtp_tui.survey.holders import SettingsHolder
from smtp_tui.survey.processes import is_mail_variable
from smtp_tui.survey.settings_file import COMPOSE, SettingsGroup, Variables

# Who hands over variables in a known way; all others may read an `.env` file in any quoting.
_QUOTING = {Relation.UNIT_READS: "systemd", Relation.COMPOSE_SERVICE: COMPOSE}


@record
class DifferingField:
    """A setting that differs; None where it is not set, and for both values of a password."""

    key: str
    here: object = field(repr=False)
    there: object = field(repr=False)

    @property
    def is_secret(self) -> bool:
        """Whether the values are never shown."""
        return BY_KEY[self.key].kind is FieldKind.PASSWORD


@record
class DifferingSettings:
    """The settings that differ; `names` are the variables that differ, if the file has any."""

    fields: tuple[DifferingField, ...] = ()
    names: frozenset[str] = frozenset()


def compare(
    group: SettingsGroup, holder: SettingsHolder, related: Relation
) -> DifferingSettings | None:
    """Compare a holder's variables with a file's settings; None if they cannot be compared."""
    if holder.variables is None:
        return None
    if group.format is not None and group.readings:
        return _compare_variables(group, group.format, holder, related)
    # The file is not made of variables, but they may go before it, or come from it.
    held = import_held(group, holder.variables)
    if held is None:
        return None
    here = dict(group.values)
    # What the variables leave open is the program's default, or comes from the file.
    if "port" not in here and (settings := parse_settings(here).settings):
        here["port"] = settings.port
    keys = (held.found | {"encryption", "starttls_auto"}) & here.keys()
    if "encryption" in keys:
        keys |= {"starttls_auto"}  # none alone does not say that STARTTLS is used where offered
    return DifferingSettings(tuple(_differing(here, held.values, keys)))


def _compare_variables(
    group: SettingsGroup, form: FormatSpec, holder: SettingsHolder, related: Relation
) -> DifferingSettings | None:
    own, *_ = group.readings.values()
    quoting = _QUOTING.get(related, "")
    readings = (
        [group.readings[quoting]] if quoting in group.readings else [*group.readings.values()]
    )
    here = {**own, **readings[0]}
    # A program that shows a title has written over some of its variables.
    is_whole = related.hands_over and not holder.is_damaged
    there = {} if is_whole else dict(here)
    names = set()
    held = holder.variables or {}
    if not is_whole and here.keys().isdisjoint(held):
        return None  # a program that reads the file by itself shows nothing of it
    for name, value in held.items():
        if name in here:
            is_same = here[name] is None or value in [read.get(name) for read in readings]
            there[name] = here[name] if is_same and here[name] is not None else value
            if here[name] is None:
                here[name] = value
            elif not is_same:
                names.add(name)
        elif related is Relation.COMPOSE_SERVICE:
            there[name] = value
            names.add(name)
    for name in here:
        if name not in there and here[name] is not None and is_mail_variable(name):
            names.add(name)
    if not names:
        return DifferingSettings()
    try:
        ours, theirs = (_imported(form, variables) for variables in (here, there))
    except InterchangeError:
        return None
    return DifferingSettings(tuple(_differing(ours, theirs, {*ours, *theirs})), frozenset(names))


def _imported(form: FormatSpec, variables: Variables) -> Mapping[str, Any]:
    known = {name: value for name, value in variables.items() if value is not None}
    return import_variables(known, form.name).values


def _differing(
    here: Mapping[str, object], there: Mapping[str, object], keys: Collection[str]
) -> Iterator[DifferingField]:
    differs_in_encryption = False
    for key, declared in BY_KEY.items():
        ours, theirs = here.get(key), there.get(key)
        if key not in keys:
            continue
        if key == "starttls_auto" and differs_in_encryption and not (ours or theirs):
            continue
        if declared.kind is FieldKind.PASSWORD:
            if _is_other_password(ours, theirs):
                yield DifferingField(key, None, None)
        elif not equivalent(key, ours, theirs):
            differs_in_encryption = differs_in_encryption or key == "encryption"
            yield DifferingField(key, _shown(key, ours), _shown(key, theirs))


def _is_other_password(ours: object, theirs: object) -> bool:
    """Whether two passwords are known to differ; a source is not asked for its secret."""
    if ours is None or theirs is None:
        return ours is not theirs
    try:
        first, second = parse_source(ours), parse_source(theirs)
    except ValueError:
        return False
    if isinstance(first, LiteralSource) and isinstance(second, LiteralSource):
        secrets = [source.value.encode("utf-8", "surrogateescape") for source in (first, second)]
        return not hmac.compare_digest(*secrets)
    return type(first) is type(second) and first != second


def _shown(key: str, value: object) -> object:
    return None if value is None else masked_value(key, value)
