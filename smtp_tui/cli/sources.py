"""`smtp-tui sources`: what was last read long ago of the presets, reply rules and advice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.config.paths import config_folder
from smtp_tui.diagnosis.rules import provenances
from smtp_tui.discovery.candidates import presets_with
from smtp_tui.providers.provider import Provenance, older_than
from smtp_tui.smtp.escaping import escape_controls

OLD = 180
"""Days after which a source is to be read again, unless the call says otherwise."""

_LONGEST_NAME = 60


def sources(call: Invocation) -> int:
    """List the entries that are older, undated ones first; 1 where there is one."""
    days = OLD if call.options.older_than is None else call.options.older_than
    if days < 0:
        raise UsageError("--older-than needs a number of days, 0 or more")
    today = date.today()
    entries = list(_entries())
    old = list(older_than(entries, days, today))
    for one in old:
        print_line(json.dumps(_object(one, today)) if call.options.json else _line(one))
    if not old and not call.options.json:
        print_line(f"All {len(entries)} entries were read within the last {days} days.")
    return NEGATIVE if old else PASSED


def _entries() -> Iterator[Provenance]:
    known = presets_with(config_folder() / "providers")
    for fault in known.faults:
        print_error(fault)
    for provider in known.providers:
        yield provider.provenance
    yield from provenances()


def _line(one: Provenance) -> str:
    taken = one.taken.isoformat() if one.taken else "undated"
    name = one.name if len(one.name) <= _LONGEST_NAME else f"{one.name[: _LONGEST_NAME - 1]}…"
    return escape_controls(f"{taken:10}  {one.kind:6}  {name}: {'; '.join(one.sources)}")


def _object(one: Provenance, today: date) -> dict[str, object]:
    return {
        "kind": one.kind,
        "name": one.name,
        "sources": list(one.sources),
        "taken": one.taken.isoformat() if one.taken else None,
        "days": (today - one.taken).days if one.taken else None,
    }
