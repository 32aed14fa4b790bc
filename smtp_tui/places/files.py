"""Read the files of a place as its user, through the agent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from smtp_tui.places.agent_process import AgentProcess
from smtp_tui.places.root import MOST_BYTES

MOST_NAMES = 10_000


class PlaceFiles:
    """Files below a place's root, as its user sees them."""

    def __init__(self, agent: AgentProcess) -> None:
        self._agent = agent

    def read(self, path: str, most: int = MOST_BYTES) -> bytes:
        """Return at most `most` bytes of a regular file; OSError if its user cannot read it."""
        content = self.read_all([path], most)[path]
        if isinstance(content, OSError):
            raise content
        return content

    def read_all(
        self, paths: Sequence[str], most: int = MOST_BYTES
    ) -> Mapping[str, bytes | OSError]:
        """Return the content of each file, `most` bytes in all, or why there is none."""
        answer, _ = self._agent.ask({"ask": "read", "paths": list(paths), "most": most})
        return {
            path: OSError(content, os.strerror(content))
            if isinstance(content, int)
            else content.encode("latin-1")
            for path, content in answer["files"].items()
        }

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; OSError if its user cannot list it."""
        answer, _ = self._agent.ask({"ask": "names", "path": path, "most": MOST_NAMES})
        return list(map(str, answer["names"]))

    def search(self, pattern: bytes, path: str = "") -> str | None:
        """Return what a pattern finds in a file, or in the process's own program."""
        request = {"ask": "search", "path": path, "pattern": pattern.decode("latin-1")}
        answer, _ = self._agent.ask(request)
        found = answer["found"]
        return None if found is None else found.encode("latin-1").decode("utf-8", "surrogateescape")
