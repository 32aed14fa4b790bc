"""From any field to any other by two keys: one shows a letter at each, that letter goes there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from string import ascii_lowercase

from textual.events import Key

from smtp_tui.settings.fields import FIELDS
from smtp_tui.tui.form.form import KEPT, Form
from smtp_tui.tui.form.rows import MORE_LABEL
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.sidebar.controller import SidebarController
from smtp_tui.tui.typeahead import KeyQueue


def letters_of(topics: Iterable[str]) -> dict[str, str]:
    """Return a letter for each topic: the first of its name that is free, else any other."""
    letters: dict[str, str] = {}
    for topic in topics:
        wanted = (one for one in topic if one.isalpha())
        free = (one for one in (*wanted, *ascii_lowercase) if one not in letters.values())
        letters[topic] = next(free)
    return letters


@lru_cache(1)
def letters() -> dict[str, str]:
    """Return the letter of each row of the form, the same each time."""
    topics = [field.key for field in FIELDS if not field.folded]
    topics.insert(topics.index(PASSWORD) + 1, KEPT)
    return letters_of([*topics, MORE_LABEL, *(field.key for field in FIELDS if field.folded)])


def jump(form: Form, sidebar: SidebarController) -> None:
    """Show the letters and wait for one; any other key goes nowhere."""
    app = form.app
    if not isinstance(app, KeyQueue):
        raise AssertionError("only an application that takes keys in order can hold one back")
    by_topic = letters()
    for row in form.rows():
        row.show_letter(by_topic[row.topic].upper())
    beyond = [row for row in form.rows(all_of_them=True) if not form.is_in_sight(row)]
    sidebar.list_letters([(by_topic[row.topic].upper(), row.label.strip()) for row in beyond])

    def go(key: Key) -> None:
        for row in form.rows():
            row.show_letter("")
        sidebar.refresh()
        for topic, letter in by_topic.items():
            if (key.character or "").casefold() == letter:
                form.focus_field(topic)

    app.take_next_key(go)
