"""One search at a time: what it told, how far it is, and an end at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import monotonic

from smtp_tui.discovery.search import TIMEOUT
from smtp_tui.discovery.steps import SearchQuery, Step
from smtp_tui.tui.dialogs.server_table import Told, outcome, stopped, under_way
from smtp_tui.tui.messages import format_internal_error
from smtp_tui.tui.model.search_results import SearchResults
from smtp_tui.tui.style import BAD

Seek = Callable[[SearchQuery, bool], AsyncGenerator[Step, None]]
"""Searches for a subject; the flag is whether its own web servers are asked too."""


class SearchTask:
    """Runs a search and remembers what it told; `show` is called whenever that is more."""

    def __init__(self, seek: Seek, show: Callable[[], None], limit: float = TIMEOUT) -> None:
        self._seek = seek
        self._show = show
        self._limit = limit
        self._task: asyncio.Task[None] | None = None
        self._started = 0.0
        self._with_web = False
        self._end: Told | None = None
        self.heard: SearchResults | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it is under way."""
        return self._task is not None

    @property
    def told(self) -> Told | None:
        """How far it is, or what it came to; None before the first."""
        if self.heard is None or self._end is not None:
            return self._end
        spent = monotonic() - self._started
        return under_way(self.heard, spent, self._limit, with_web=self._with_web)

    async def run(self, subject: SearchQuery, *, with_web: bool) -> None:
        """Search to the end, or until it is stopped; one that is under way is stopped first."""
        await self._quit()
        self.heard, self._end = SearchResults(subject.name), None
        self._started, self._with_web = monotonic(), with_web
        self._task = task = asyncio.create_task(self._follow(subject, self.heard))
        self._show()
        try:
            await asyncio.wait([task])
        finally:
            if self._task is task:
                task.cancel()
                self._task = None
                self._conclude(task, self.heard)

    def stop(self) -> bool:
        """Stop it, if it is under way; its connections close at once."""
        return self._task is not None and self._task.cancel()

    async def _follow(self, subject: SearchQuery, heard: SearchResults) -> None:
        async with aclosing(self._seek(subject, self._with_web)) as steps:
            async for step in steps:
                heard.add(step)
                self._show()

    async def _quit(self) -> None:
        """End the one before; nothing of it is told any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _conclude(self, task: asyncio.Task[None], heard: SearchResults) -> None:
        if task.cancelled() or not task.done():
            self._end = stopped(heard, monotonic() - self._started)
        elif error := task.exception():
            self._end = format_internal_error(error), BAD
        else:
            self._end = outcome(heard)
        self._show()
