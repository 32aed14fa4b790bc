"""The list of known providers: a few letters find one, its settings go into the form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from smtp_tui.discovery.candidates import Presets
from smtp_tui.providers.provider import Provider, Way
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.dialogs.discover import SearchScreen
from smtp_tui.tui.form.rows import TextRow
from smtp_tui.tui.keys.bindings import bindings
from smtp_tui.tui.keys.commands import PRESET_COMMANDS, key_of
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import Draft
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.model.search import describe_change, preset_change
from smtp_tui.tui.style import ACCENT, DIM, PLAIN, STRONG, WARNING, Span
from smtp_tui.tui.widgets.line import KeyHints
from smtp_tui.tui.widgets.list import ListView, cells_of, filter_rows, widths_for
from smtp_tui.tui.widgets.text_page import Block, TextPage, labelled, plain


def matching_providers(typed: str, known: Iterable[Provider]) -> tuple[Provider, ...]:
    """Return the providers that all words typed fit, those whose name they begin first.

    Of an address its domain counts.
    """
    words = [word.rpartition("@")[2] for word in typed.casefold().split()]
    return filter_rows(words, known, _words_of, _distance)


def way_words(way: Way) -> str:
    """Name a port and its encryption."""
    return f"{way.port} {way.encryption}"


def provider_blocks(
    provider: Provider, way: Way, takes: str, *, is_own: bool = False
) -> list[Block]:
    """Return all that is known of a provider; `takes` is what Enter would do."""
    title = text("presets", "name", name=provider.name, id=provider.id)
    own = f", {text('presets', 'own')}" if is_own else ""
    return [
        plain(f"{title}{own}", STRONG),
        plain(takes, gap=False),
        _ways(provider, way),
        *_facts(provider),
        *(Block(plain(note).spans, "- ", "  ", gap=False) for note in provider.notes),
        *(Block(plain(limit).spans, "- ", "  ", gap=False) for limit in provider.limits),
        _source(provider),
    ]


def _ways(provider: Provider, way: Way) -> Block:
    """Return its ports, the chosen one marked."""
    spans: list[Span] = [(f"{text('presets', 'ways')}: ", STRONG)]
    for number, one in enumerate(provider.ways):
        shown = way_words(one)
        mark: Span = (f"‹{shown}›", ACCENT) if one == way else (shown, DIM)
        spans += [("  ", PLAIN), mark] if number else [mark]
    return Block(tuple(spans), gap=False)


def _facts(provider: Provider) -> Iterator[Block]:
    yield labelled(text("presets", "host"), ", ".join(provider.hosts))
    yield labelled(text("presets", "user"), provider.username_is)
    yield labelled(text("presets", "password"), provider.password_is)
    if provider.page:
        yield labelled(text("presets", "page"), provider.page)


def _source(provider: Provider) -> Block:
    names = {"source": provider.sources[0], "taken": provider.taken.isoformat()}
    return plain(text("presets", "source", **names), DIM, gap=False)


def _words_of(provider: Provider) -> str:
    words = (provider.id, provider.name, *provider.hosts, *provider.domains, *provider.mx)
    return " ".join(words).casefold()


def _distance(provider: Provider, words: Sequence[str]) -> int:
    """Tell how far what was typed is from a name: 0 where it begins the name itself."""
    identity, name = provider.id.casefold(), provider.name.casefold()
    typed = " ".join(words)
    if identity.startswith(typed) or name.startswith(typed):
        return 0
    names = [identity, *name.split(), *provider.domains]
    if all(any(one.startswith(word) for one in names) for word in words):
        return 1
    return 2 if all(word in " ".join(names) for word in words) else 3


_HEADS = ("provider", "host", "ports")
_LEAST, _LEAST_NARROW = (30, 24, 12), (16, 16, 8)
_NARROW = 70
_AROUND = 4  # title, field, a blank line, and the keys
_SHARE = 0.36  # of what is left, the most that the list takes


class ProviderList(ListView[Provider]):
    """Providers with host and ports; the columns stand still while the list narrows."""

    def __init__(self, known: Presets) -> None:
        super().__init__(known.providers, can_focus=False, is_steady=True)
        self._all = [_HEADS, *map(_cells, known.providers)]

    def heading(self, width: int) -> list[Span]:
        """Return the columns' names."""
        return [("".join(cells_of(_HEADS, *self._widths(width))), DIM)]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield each provider's columns."""
        widths = self._widths(width)
        for provider in self.rows:
            texts = cells_of(_cells(provider), *widths)
            yield (list(zip(texts, (STRONG, PLAIN, DIM), strict=True)),)

    def _widths(self, width: int) -> tuple[tuple[int, ...], int]:
        return widths_for(self._all, width, _LEAST if width >= _NARROW else _LEAST_NARROW)


class PresetScreen(SearchScreen[tuple[Provider, Way] | None]):
    """Asks for a provider and one of its ways; the result is these, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(PRESET_COMMANDS),
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        Binding("shift+tab", "way(-1)", show=False),
    ]

    def __init__(self, known: Presets, draft: Draft) -> None:
        super().__init__()
        self._known = known
        self._draft = draft
        self._way = 0
        label = text("presets", "find")
        self._row = TextRow("find", label, label_width=len(label))
        self._list = ProviderList(known)

    def compose(self) -> ComposeResult:
        """Stack field, list, what is known of the chosen one, and keys."""
        yield TextPage([plain(text("presets", "title"), STRONG), *self._faults()])
        yield self._row
        yield self._list
        yield self.details
        words = {one.action: one for one in PRESET_COMMANDS}
        hints = (
            ("Enter", words["take"].label),
            ("Esc", words["leave"].label),
            ("Up Down", text("hints", "choose")),
            ("Tab", words["way"].label),
            ("PgDn", text("hints", "read")),
        )
        yield KeyHints(hints, indent=0)

    def on_mount(self) -> None:
        """Begin with all, at the one that the form's host is of."""
        self.set_focus(self._row)
        self._narrow()
        host = self._draft.text("host")
        of_host = (at for at, provider in enumerate(self._list.rows) if provider.matches(host))
        self._list.action_go(next(of_host, 0))
        self._show()

    def on_resize(self) -> None:
        """Leave room for what is known of a provider."""
        self._list.limit(max(int((self.size.height - _AROUND) * _SHARE), 3))

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """List what is meant."""
        event.stop()
        self._narrow()
        self._show()

    def action_go(self, by: int) -> None:
        """Choose another."""
        self._list.action_go(by)
        self._way = 0
        self._show()

    def action_way(self, by: int = 1) -> None:
        """Choose another of its ports; after the last comes the first."""
        if (chosen := self._list.chosen) is not None:
            self._way = (self._way + by) % len(chosen.ways)
            self._show()

    def action_take(self) -> None:
        """Take the chosen one."""
        if (chosen := self._list.chosen) is not None:
            self.dismiss((chosen, chosen.ways[self._way]))

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)

    def _narrow(self) -> None:
        self._way = 0
        self._list.show(matching_providers(self._row.text, self._known.providers))

    def _show(self) -> None:
        count = len(self._list.rows)
        said = "one" if count == 1 else "many"
        note = text("presets", said, count=count)
        self._row.show(RowState(placeholder=text("presets", "placeholder"), note=note))
        self.details.show(self._blocks())

    def _blocks(self) -> list[Block]:
        chosen = self._list.chosen
        if chosen is None:
            return [plain(text("presets", "none", discover=key_of("discover")))]
        way = chosen.ways[self._way]
        takes = describe_change(preset_change(chosen, way, self._draft), self._draft)
        return provider_blocks(chosen, way, takes, is_own=chosen.id in self._known.own)

    def _faults(self) -> list[Block]:
        """Tell what is wrong with files of one's own, in a line."""
        faults = self._known.faults
        if not faults:
            return []
        said = faults[0]
        if len(faults) > 1:
            said = text("presets", "more-faults", fault=said, count=len(faults) - 1)
        return [plain(said, WARNING, gap=False)]


def _cells(provider: Provider) -> tuple[str, str, str]:
    host = provider.host or f"{provider.hosts[0]}"
    ways = ", ".join(map(way_words, provider.ways))
    return escape_controls(provider.name), escape_controls(host), ways
