"""The screen that finds a known provider and returns one of its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual.binding import BindingType

from smtp_tui.providers import Presets, Provider, ProviderPort
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import key_of, with_help
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import PRESET_COMMANDS
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.settings_changes import describe_change, preset_change
from smtp_tui.tui.style import CAUTION, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.list import ListView, column_widths, fit_cells
from smtp_tui.tui.widgets.pager import SearchScreen
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, item, labelled, plain


def _words_of(provider: Provider) -> str:
    words = (provider.id, provider.name, *provider.hosts, *provider.domains, *provider.mx)
    return " ".join(words).casefold()


def _distance(provider: Provider, words: Sequence[str]) -> int:
    """Return the distance of the words from a provider; 0 if they begin its name."""
    identity, name = provider.id.casefold(), provider.name.casefold()
    typed = " ".join(words)
    if identity.startswith(typed) or name.startswith(typed):
        return 0
    names = [identity, *name.split(), *provider.domains]
    if all(any(name.startswith(word) for name in names) for word in words):
        return 1
    return 2 if all(word in " ".join(names) for word in words) else 3


_HEADS = ("provider", "host", "ports")
_LEAST, _LEAST_NARROW = (30, 24, 12), (16, 16, 8)
_NARROW = 70


class ProviderList(ListView[Provider], can_focus=False):
    """The list of providers with host and ports."""

    def __init__(self, known: Presets) -> None:
        super().__init__(known.providers)
        # The widths are those of all rows, so that the columns stay put while the list shrinks.
        self._all = [_HEADS, *map(_cells, known.providers)]

    def heading(self, width: int) -> list[Span]:
        """Return the column names."""
        return [("".join(fit_cells(_HEADS, *self._widths(width))), DIM)]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield each provider's columns."""
        widths = self._widths(width)
        for provider in self.rows:
            texts = fit_cells(_cells(provider), *widths)
            yield (list(zip(texts, (STRONG, PLAIN, DIM), strict=True)),)

    def _widths(self, width: int) -> tuple[tuple[int, ...], int]:
        return column_widths(self._all, width, _LEAST if width >= _NARROW else _LEAST_NARROW)


def provider_list(known: Presets) -> FilteredList[Provider]:
    """Return the list of providers, with a line to filter them."""
    placeholder = text("presets", "placeholder")
    # PgUp and PgDn scroll the details of the chosen one.
    return FilteredList(
        ProviderList(known),
        _words_of,
        distance=_distance,
        placeholder=placeholder,
        pages=False,
        is_steady=False,
    )


class PresetScreen(SearchScreen[tuple[Provider, ProviderPort, str] | None]):
    """Asks for a provider and one of its ports; returns both and what was typed, or None."""

    place = "presets"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(PRESET_COMMANDS),
        ("shift+tab", "way(-1)"),
    ]
    # Title, a blank line, and the key hints.
    around, share = 3, 0.4

    def __init__(self, known: Presets, draft: SettingsDraft) -> None:
        self._known = known
        self._draft = draft
        self._way = 0
        self._list = provider_list(known)
        head = [plain(text("presets", "title"), STRONG)]
        # A line for faults in the admin's own provider files.
        for fault in known.faults[:1]:
            more = len(known.faults) - 1
            line = text("presets", "more-faults", fault=fault, count=more) if more else fault
            head.append(plain(line, CAUTION, gap=False))
        take, way, leave = (command.label for command in PRESET_COMMANDS)
        choose, read = text("hints", "choose"), text("hints", "read")
        hints = (("Enter", take), ("Up Down", choose), ("Tab", way), ("PgDn", read), ("Esc", leave))
        super().__init__(TextPage(head), found=self._list, hints=with_help(hints))

    def on_mount(self) -> None:
        """List all providers, and choose the one that the form's host belongs to."""
        host = self._draft.text("host")
        known = self._known.providers
        of_host = (provider for provider in known if provider.matches(host))
        self._list.choose(next(of_host, known[0]))

    def on_filtered_list_moved(self) -> None:
        """Show another provider."""
        self._way = 0
        self._show()

    def action_way(self, by: int = 1) -> None:
        """Choose another port of the provider, wrapping around."""
        if (chosen := self._list.chosen) is not None:
            self._way = (self._way + by) % len(chosen.ways)
            self._show()

    def action_take(self) -> None:
        """Return the chosen provider and port."""
        if (chosen := self._list.chosen) is not None:
            self.dismiss((chosen, chosen.ways[self._way], self._list.line.text))

    def _show(self) -> None:
        self.page.show([*self._blocks()])

    def _blocks(self) -> Iterator[TextBlock]:
        if (provider := self._list.chosen) is None:
            yield plain(text("presets", "none", discover=key_of("discover")))
            return
        way = provider.ways[self._way]
        title = text("presets", "name", name=provider.name, id=provider.id)
        own = f", {text('presets', 'own')}" if provider.id in self._known.own else ""
        yield plain(f"{title}{own}", STRONG)
        change = preset_change(provider, way, self._draft, self._list.line.text)
        yield plain(describe_change(change, self._draft), gap=False)
        ways: list[Span] = [(f"{text('presets', 'ways')}:", STRONG)]
        for number, other in enumerate(provider.ways):
            shown, gap = f"{other.port} {other.encryption}", "  " if number else " "
            ways += [(gap, PLAIN), (f"‹{shown}›", STRONG) if other == way else (shown, DIM)]
        yield TextBlock(tuple(ways), gap=False)
        yield labelled(text("presets", "host"), ", ".join(provider.hosts))
        yield labelled(text("presets", "user"), provider.username_is)
        yield labelled(text("presets", "password"), provider.password_is)
        if provider.page:
            yield labelled(text("presets", "page"), provider.page)
        yield from map(item, (*provider.notes, *provider.limits))
        names = {"source": provider.sources[0], "taken": provider.taken.isoformat()}
        yield plain(text("presets", "source", **names), DIM, gap=False)


def _cells(provider: Provider) -> tuple[str, str, str]:
    host = provider.host or f"{provider.hosts[0]}"
    ways = ", ".join(f"{way.port} {way.encryption}" for way in provider.ways)
    return escape_controls(provider.name), escape_controls(host), ways
