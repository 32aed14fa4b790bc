"""`smtp-tui password`: keep the password of a table, see whether it is there, forget it."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from smtp_tui.checks.status import BY_STAGE, PASSED
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.changing import save
from smtp_tui.cli.opening import open_table, tell_notes, warn_of_readers
from smtp_tui.cli.output import complain, tell
from smtp_tui.cli.storing import store
from smtp_tui.cli.tables import PATIENCE, Table
from smtp_tui.config.errors import PasswordError
from smtp_tui.config.keeping import forget
from smtp_tui.config.wording import one_line
from smtp_tui.config.writing import Manner
from smtp_tui.settings.sources import Ask, File, Literal, PasswordSource

_FOR_SET = ("password_stdin", "password_fd", "ask_password", "keep_in", "private")


def password(call: Call) -> int:
    """Do to the password what the first word says; 4 where that fails."""
    deed, *words = call.words
    deeds = {"set": store, "test": _test, "forget": _forget}
    if deed not in deeds:
        raise UsageError(f"usage: smtp-tui {call.command.words}")
    given = [name for name in _FOR_SET if getattr(call.options, name) not in (None, False)]
    if given and deed != "set":
        raise UsageError(f"--{given[0].replace('_', '-')} works only with password set")
    file, document, name = open_table(words, call.options.table, call.options.dialect)
    tell_notes(document, name)
    try:
        return deeds[deed](Table(file, document, name), call.options)
    except PasswordError as error:
        complain(str(error))
        return BY_STAGE["password"]


def _test(table: Table, _options: Namespace) -> int:
    """Fetch the password, and say no more of it than that it is there."""
    place = table.place(_named(table))
    asyncio.run(place.fetched(PATIENCE))
    tell(f"found the password{table.whose} in {place}")
    match place.source:
        case Literal():
            warn_of_readers(table.document.path)
        case File():
            warn_of_readers(place.path)
        case _:
            pass
    return PASSED


def _forget(table: Table, options: Namespace) -> int:
    """Take the password away from where it is kept; the place itself stays in the settings."""
    source = _named(table)
    place = table.place(source)
    if place.refusal is not None:
        raise PasswordError(f"the password{table.whose} was not removed: {place.refusal}")
    if isinstance(source, Literal):
        manner = Manner(in_place=options.in_place, tell=complain)
        save(table.document, table.name, {"password": None}, manner)
    else:
        asyncio.run(forget(place))
    tell(f"removed: the password{table.whose} from {place}")
    return PASSED


def _named(table: Table) -> PasswordSource:
    source = table.source
    if source is None:
        raise PasswordError(
            f"{one_line(table.file)} names no password; store one with smtp-tui password set"
        )
    if isinstance(source, Ask):
        raise PasswordError("the settings say to ask for the password, so it is stored nowhere")
    return source
