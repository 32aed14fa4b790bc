"""`smtp-tui explain CAUSE` and `explain --causes`: the page of a cause, and the list of all."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.terminal import print_line, wrapped
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.cause_pages import CausePage, PartKind, cause_page, page_labels
from smtp_tui.diagnosis.causes import listed
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.schema import TOPICS

WIDTH = 80


def print_causes() -> None:
    """Print each id with its label, in groups."""
    groups = page_labels()
    width = max(len(identity) for group in groups.values() for identity in group)
    for number, (title, labels) in enumerate(groups.items()):
        if number:
            print_line("")
        print_line(f"{title}:")
        for identity, label in labels.items():
            print_line(f"  {identity:{width}}  {label}")


def cause_labels() -> dict[str, str]:
    """Return the labels of all that has a page, by id."""
    return {name: text for group in page_labels().values() for name, text in group.items()}


def explain_cause(word: str) -> None:
    """Print the page of a cause as text; UsageError names what is close to an unknown id."""
    identity, known = word.casefold().replace("_", "-"), cause_labels()
    if identity not in known:
        near = get_close_matches(word.casefold(), [*BY_KEY, *TOPICS, *known], 3, 0.75)
        hint = f"did you mean {listed(near, 'or')}?" if near else ""
        hint = hint or "smtp-tui explain lists the settings, smtp-tui explain --causes the causes"
        raise UsageError(f"there is no setting and no cause {one_line(word, 80)!r}; {hint}")
    for line in _lines(cause_page(identity)):
        print_line(line)


def _lines(page: CausePage) -> Iterator[str]:
    yield f"# {page.title}"
    previous = None
    for part in page.parts:
        if part.kind is not PartKind.ITEM or previous is not PartKind.ITEM:
            yield ""
        previous = part.kind
        match part.kind:
            case PartKind.HEADING:
                yield f"## {part.text}"
            case PartKind.TEXT | PartKind.SOURCE:
                yield from wrapped(part.text, WIDTH, break_long_words=False)
            case PartKind.ITEM:
                yield from wrapped(part.text, WIDTH, "- ", "  ", break_long_words=False)
            case PartKind.LINES:
                yield from (f"    {line}" for line in part.text.split("\n"))
