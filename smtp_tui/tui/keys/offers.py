"""What the menu of commands offers, and which of it a few letters mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui.form.jump import letters
from smtp_tui.tui.keys.command import Command
from smtp_tui.tui.keys.commands import COMMANDS, LOG_COMMANDS, key_of


@record
class Offer:
    """A command to do, or a field to go to: what it is called, what it does, which keys do it."""

    what: Command | str
    title: str
    help: str
    keys: str

    @property
    def words(self) -> str:
        """All that one may type to find it."""
        key = self.what if isinstance(self.what, str) else self.what.action
        return f"{self.title} {key} {self.help} {self.keys}".casefold()


def offers() -> tuple[Offer, ...]:
    """Return all commands, and all fields."""
    commands = [one for one in (*COMMANDS, *LOG_COMMANDS) if one.help and one.action != "commands"]
    jump = key_of("jump")
    fields = [
        Offer(
            field.key,
            f"Go to {field.label}",
            field.summary,
            f"{jump} {letters()[field.key].upper()}",
        )
        for field in FIELDS
    ]
    return (*(Offer(one, one.title, one.help, one.keys) for one in commands), *fields)


def meant(text: str, offered: Iterable[Offer]) -> tuple[Offer, ...]:
    """Return what holds every word typed, what it is called before what it is said to do."""
    words = text.casefold().split()
    found = [one for one in offered if all(word in one.words for word in words)]
    return tuple(sorted(found, key=lambda one: _distance(one, words)))


def _distance(offer: Offer, words: list[str]) -> int:
    """Tell how far what was typed is from a name: 0 where all begin words of it."""
    title = offer.title.casefold()
    names = [*title.split(), *(offer.what.split("_") if isinstance(offer.what, str) else ())]
    if all(any(name.startswith(word) for name in names) for word in words):
        return 0
    return 1 if all(word in title for word in words) else 2
