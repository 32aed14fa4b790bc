"""The resolver files of a place, and what of them the agent can follow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from smtp_tui.places.files import PlaceFiles
from smtp_tui.records import record

_NAMES = ("resolv.conf", "hosts", "host.conf", "gai.conf", "nsswitch.conf")
_PATHS = tuple(f"/etc/{name}" for name in _NAMES)
# Bytes of all of them; a list of blocked hosts may be long.
_MOST = 8 << 20
# Letters of resolv.conf that are shown; real ones have some hundred.
_MOST_SHOWN = 4096
# The sources of names that need no service on this machine, which the agent could reach.
_OWN_SOURCES = ("files", "dns")


@record(kw_only=True)
class ResolverFiles:
    """A place's resolver files by name, as text, and the sources of names that are left out."""

    files: Mapping[str, str]
    left_out: tuple[str, ...] = ()

    @property
    def nameservers(self) -> tuple[str, ...]:
        """The name servers of resolv.conf that libc asks: the first three."""
        return tuple(words[0] for words in self._lines("nameserver") if words)[:3]

    @property
    def search(self) -> tuple[str, ...]:
        """The domains that are tried for a short name; the last line counts."""
        lines = [*self._lines("domain", "search")]
        return lines[-1] if lines else ()

    @property
    def options(self) -> tuple[str, ...]:
        """The options of resolv.conf."""
        return tuple(word for words in self._lines("options") for word in words)

    def _lines(self, *keywords: str) -> list[tuple[str, ...]]:
        lines = map(str.split, self.files.get("resolv.conf", "")[:_MOST_SHOWN].splitlines())
        return [tuple(words[1:]) for words in lines if words and words[0] in keywords]


def resolver_files(files: PlaceFiles, *, is_musl: bool = False) -> ResolverFiles:
    """Read the resolver files of a place; a file that cannot be read counts as absent."""
    return _parse(files.read_all(_PATHS, _MOST), is_musl=is_musl)


def own_resolver_files() -> ResolverFiles:
    """Read this machine's resolver files."""
    read = {}
    for path in _PATHS:
        with suppress(OSError):
            read[path] = Path(path).read_bytes()
    return _parse(read, is_musl=False)


def _parse(read: Mapping[str, bytes | OSError], *, is_musl: bool) -> ResolverFiles:
    texts = {
        path.removeprefix("/etc/"): content.decode("utf-8", "surrogateescape")
        for path, content in read.items()
        if isinstance(content, bytes)
    }
    sources: Sequence[str] = _OWN_SOURCES
    line = re.search(r"^hosts:(.*)$", texts.get("nsswitch.conf", ""), re.MULTILINE)
    if line and not is_musl:  # musl reads no nsswitch.conf
        sources = re.findall(r"\[[^]]*\]|[\w-]+", line[1].partition("#")[0])
    kept, left_out = _kept_sources(sources)
    texts["nsswitch.conf"] = f"hosts: {' '.join(kept)}\n"
    return ResolverFiles(files=texts, left_out=left_out)


def _kept_sources(sources: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Split the sources of names, and their actions in brackets, into kept and left out."""
    kept: list[str] = []
    left_out: list[str] = []
    is_kept = False
    for source in sources:
        if source.startswith("["):
            if is_kept:
                kept.append(source)
            continue
        is_kept = source in _OWN_SOURCES
        (kept if is_kept else left_out).append(source)
    return kept or [*_OWN_SOURCES], tuple(left_out)
