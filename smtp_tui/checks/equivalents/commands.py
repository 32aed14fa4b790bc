"""Command lines that do with other programs what a check does; none holds the secret."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from smtp_tui.checks.equivalents.plan import CommandLine, CommandPlan, plan_of
from smtp_tui.checks.equivalents.programs import curl_words, openssl_words, swaks_words
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Event

_WRITERS: dict[str, Callable[[CommandPlan], CommandLine]] = {
    "swaks": swaks_words,
    "openssl": openssl_words,
    "curl": curl_words,
}


@record(kw_only=True)
class EquivalentCommand:
    """What to type for another program, in a POSIX shell, and where it will behave otherwise.

    `line` is empty where the program has nothing to do; the notes say why.
    """

    program: str
    line: str
    notes: tuple[str, ...] = ()


def equivalent_commands(
    settings: Settings, events: Sequence[Event] = (), base: Path = Path()
) -> tuple[EquivalentCommand, ...]:
    """Return what does the same with swaks, openssl and curl, as far as the login.

    Of the `events` of a check, the name given in EHLO and the mechanism that `auto` took are done
    again. `base` is the folder that paths in the settings start from.
    """
    plan = plan_of(settings, events, base)
    return tuple(_command(program, write(plan), plan) for program, write in _WRITERS.items())


def _command(program: str, words: CommandLine, plan: CommandPlan) -> EquivalentCommand:
    names = {
        "program": program,
        "mechanism": " or ".join(plan.mechanisms),
        "fingerprint": plan.settings.tls_fingerprint or "",
    }
    notes = tuple(_notes()[note].format_map(names) for note in words.notes)
    return EquivalentCommand(program=program, line=" ".join(words.quoted), notes=notes)


@cache
def _notes() -> dict[str, str]:
    import tomllib

    return tomllib.loads(Path(__file__).with_name("notes.toml").read_text(encoding="utf-8"))
