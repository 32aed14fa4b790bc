"""Check the settings of many programs: each server and login once, and no password twice.

Several programs often share a server and a login. A rejected password would count once for each
of them, and lock the account.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.checks.batch import limit_jobs, refuses_password
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.config.paths import expand, resolve_path
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import FileSource
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.redaction import RedactorGroup

_BEFORE_LOGIN = frozenset((Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS))
_LOGIN = ("username", "password", "authentication")


@record(kw_only=True)
class OnceTarget:
    """Settings to check; `label` names them.

    `why_not` is a sentence if there is nothing to check, `no_login` one if only the login cannot
    be tried.
    """

    label: str
    request: CheckRequest
    why_not: str = ""
    no_login: str = ""


@record(kw_only=True)
class OnceResult:
    """A verdict, or None without a check, and a sentence on what was not tried."""

    verdict: Verdict | None = None
    note: str = ""


async def check_each_once(
    targets: Sequence[OnceTarget], jobs: int
) -> AsyncGenerator[tuple[int, OnceResult], None]:
    """Yield each target's index and result as they come; `jobs` servers are checked at a time.

    Wrap it in `contextlib.aclosing`.
    """
    groups: dict[str, list[int]] = {}
    for index, target in enumerate(targets):
        settings = parse_settings(target.request.values).settings
        groups.setdefault(settings.host.casefold() if settings else "", []).append(index)
    queue: asyncio.Queue[tuple[int, OnceResult] | None] = asyncio.Queue()
    slots, redactors = asyncio.Semaphore(limit_jobs(jobs)), RedactorGroup()

    async def check(request: CheckRequest) -> Verdict:
        async with slots, aclosing(run(replace(request, redactors=redactors))) as events:
            async for event in events:
                if isinstance(event, Verdict):
                    return event
        raise AssertionError("a check ends with a verdict")

    async def check_group(indexes: list[int]) -> None:
        try:
            server = _Server(check)
            for index in indexes:
                queue.put_nowait((index, await server.result(targets[index])))
        finally:
            queue.put_nowait(None)

    tasks = [asyncio.create_task(check_group(indexes)) for indexes in groups.values()]
    left = len(tasks)
    try:
        while left:
            item = await queue.get()
            if item is None:
                left -= 1
            else:
                yield item
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Server:
    """The checks of one host, one after the other."""

    def __init__(self, check: Callable[[CheckRequest], Awaitable[Verdict]]) -> None:
        self._check = check
        self._done: dict[Settings, tuple[str, Verdict]] = {}
        # Verdicts on servers that no login was possible at, by the settings without the login.
        self._unreachable: dict[Settings, tuple[str, Verdict]] = {}
        self._sent: dict[tuple[int, str | None], str] = {}
        self._rejected: dict[str | None, str] = {}

    async def result(self, target: OnceTarget) -> OnceResult:
        """Check a target, or return the result that another one had."""
        settings = _settings_of(target.request)
        if target.why_not:
            return OnceResult(note=target.why_not)
        if settings is None:
            return OnceResult(verdict=await self._check(target.request))
        note = self._no_login(target, settings)
        request = _without_login(target.request) if note else target.request
        settings = _settings_of(request) or settings
        bare = _settings_of(_without_login(request)) or settings
        known = self._done.get(settings) or self._unreachable.get(bare)
        if known:
            label, verdict = known
            return OnceResult(verdict=verdict, note=note or f"checked with {label}")
        verdict = await self._check(request)
        self._done[settings] = (target.label, verdict)
        if not verdict.ok and verdict.stage in _BEFORE_LOGIN:
            self._unreachable[bare] = (target.label, verdict)
        if verdict.facts and verdict.facts.mechanism:
            self._sent[settings.port, settings.username] = target.label
        if refuses_password(verdict):
            self._rejected[settings.username] = target.label
        return OnceResult(verdict=verdict, note=note)

    def _no_login(self, target: OnceTarget, settings: Settings) -> str:
        """Return why the login must not be tried; empty if it may, or if there is none."""
        if settings.authentication is Authentication.NONE or settings in self._done:
            return ""
        if target.no_login:
            return target.no_login
        if label := self._rejected.get(settings.username):
            return f"login not tried: the server rejected it in {label}"
        if label := self._sent.get((settings.port, settings.username)):
            return f"login not tried: {label} has the same server and login, but other settings"
        return ""


def _settings_of(request: CheckRequest) -> Settings | None:
    """Return what decides the result of a check: two programs may differ in the rest."""
    settings = parse_settings(request.values).settings
    if settings is None:
        return None
    try:
        settings = resolve_path(settings, request.base)
        if isinstance(settings.password, FileSource):
            file = str(expand(settings.password.path, request.base))
            settings = replace(settings, password=FileSource(file))
    except RuntimeError:  # there is no home folder, which the check reports
        return settings
    return replace(settings, sender=None, timeout=0.0, given=frozenset())


def _without_login(request: CheckRequest) -> CheckRequest:
    values = {key: value for key, value in request.values.items() if key not in _LOGIN}
    return replace(request, values=values)
