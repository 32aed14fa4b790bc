"""The files next to a compose file that docker compose reads with it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from smtp_tui.config import file_reader
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.file_access import other_writer
from smtp_tui.interchange.spec import text

# Compose merges an override file into a file that it finds by itself.
_NAMES = frozenset({"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"})
_OVERRIDES = (
    *("compose.override.yml", "compose.override.yaml"),
    *("docker-compose.override.yml", "docker-compose.override.yaml"),
)


def overrides_of(path: PurePath) -> tuple[str, ...]:
    """Return the names that a compose file's override file may have; the first one counts."""
    return _OVERRIDES if path.name in _NAMES else ()


class Neighbours:
    """Reads each file once; `problems` are sentences on those that were not read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._contents: dict[str, str | None] = {}
        self.problems: list[str] = []
        # Who can write the compose file could have another user's file read, and its content sent
        # to a server of their own.
        self._writer = other_writer(path) if path.exists() else None
        self.override = next(iter(self._overrides()), None)

    def _overrides(self) -> Iterator[tuple[str, str]]:
        for name in overrides_of(self._path):
            if (content := self.read(name)) is not None:
                yield name, content

    def read(self, name: str) -> str | None:
        """Return the text of a file, None if it does not exist or cannot be read."""
        if name not in self._contents:
            self._contents[name] = self._content(name)
        return self._contents[name]

    def _content(self, name: str) -> str | None:
        place = self._path.parent / name
        try:
            found = place.stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        if self._writer:
            shown = one_line(name, 80)
            self.problems.append(text("compose-distrust", file=shown, writer=self._writer))
            return None
        try:
            return file_reader.decode_text(file_reader.read_document(place), place)
        except DocumentError as error:
            self.problems.append(str(error))
            return None
