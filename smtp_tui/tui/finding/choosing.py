"""Which providers a few letters mean, and what there is to say of one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smtp_tui.providers.provider import Provider, Way
from smtp_tui.tui.finding.words import text
from smtp_tui.tui.ink import ACCENT, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.sidebar.prose import Block, labelled, plain


def meant(typed: str, known: Iterable[Provider]) -> tuple[Provider, ...]:
    """Return the providers that all words typed fit, those whose name they begin first.

    Of an address its domain counts.
    """
    words = [word.rpartition("@")[2] for word in typed.casefold().split()]
    found = [one for one in known if all(word in _words_of(one) for word in words)]
    return tuple(sorted(found, key=lambda one: _distance(one, words)))


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


def _distance(provider: Provider, words: list[str]) -> int:
    """Tell how far what was typed is from a name: 0 where it begins the name itself."""
    identity, name = provider.id.casefold(), provider.name.casefold()
    typed = " ".join(words)
    if identity.startswith(typed) or name.startswith(typed):
        return 0
    names = [identity, *name.split(), *provider.domains]
    if all(any(one.startswith(word) for one in names) for word in words):
        return 1
    return 2 if all(word in " ".join(names) for word in words) else 3
