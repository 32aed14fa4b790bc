"""The real app, driven by keys against a fake check, its screen read as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, cast
from unittest.mock import patch
from weakref import WeakKeyDictionary

from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import Screen

from smtp_tui.checks.recording import Recording
from smtp_tui.checks.request import CheckRequest
from smtp_tui.config import keyring_backend
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoPasswordError, PasswordError
from smtp_tui.config.open_document import open_document
from smtp_tui.config.preferences import Preferences
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery.dns import Resolver
from smtp_tui.settings.fields import FIELDS
from smtp_tui.smtp.events import Event, Received, Sent, Stage, StageEntered
from smtp_tui.smtp.replies import Reply
from smtp_tui.survey.notice import DriftNotice
from smtp_tui.tui import typeahead
from smtp_tui.tui.app import SmtpApp
from smtp_tui.tui.main_screen import MainScreen
from smtp_tui.tui.model import drift as drift_model
from smtp_tui.tui.model.check_request import Runner
from smtp_tui.tui.test_pane.pane import DnsOptions
from smtp_tui.tui.typeahead import KeyQueue

SAMPLE = """\
# The ticket system's mail
[smtp]
host = "mail.example.net"   # the relay
port = 2587
domain = "tickets.example.org"
encryption = "TLS"
username = "tickets@example.net"
password = "hunter2hunter2"
authentication = "plain"
"""

PASSED = Verdict(seconds=0.2, ok=True, stage=Stage.AUTH, cause=None, summary="The login works.")

_ADVANCED = frozenset(field.label for field in FIELDS if field.advanced)


def failed(cause: str, stage: Stage = Stage.AUTH, **more: str) -> Verdict:
    """A verdict of failure."""
    summary = more.pop("summary", f"It failed with {cause}.")
    return Verdict(seconds=0.2, ok=False, stage=stage, cause=cause, summary=summary, **more)  # type: ignore[arg-type]


def said(text: str, code: int = 220) -> Received:
    """A reply of the server."""
    lines = tuple(line.encode("utf-8", "surrogateescape") for line in text.split("\n"))
    return Received(seconds=0.1, reply=Reply(code, lines))


DIALOGUE: tuple[Event, ...] = (
    StageEntered(seconds=0.0, stage=Stage.RESOLVE),
    StageEntered(seconds=0.003, stage=Stage.CONNECT),
    StageEntered(seconds=0.017, stage=Stage.GREETING),
    said("mail.example.net ESMTP"),
    StageEntered(seconds=0.1, stage=Stage.EHLO),
    Sent(seconds=0.1, text="EHLO tickets.example.org"),
    StageEntered(seconds=0.15, stage=Stage.AUTH),
)


@dataclass
class FakeCheck:
    """Plays a script in place of a check, and remembers what it was asked."""

    script: Sequence[Event | Verdict] = (*DIALOGUE, PASSED)
    hangs: bool = False
    requests: list[CheckRequest] = field(default_factory=list)
    closed: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let a check that hangs come to its end."""
        self.released.set()

    async def __call__(self, request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        """Play it; a check that hangs waits before its last item until it is closed or released."""
        self.requests.append(request)
        try:
            for event in self.script[:-1]:
                yield event
            if self.hangs:
                await self.released.wait()
            yield self.script[-1]
        finally:
            self.closed += 1


@dataclass
class FakeKeyring:
    """Stores in memory, or says why not."""

    trouble: str | None = None
    stored: dict[tuple[str, str], str] = field(default_factory=dict)

    async def state(self) -> str | None:
        return self.trouble

    async def store(self, service: str, account: str, secret: str) -> None:
        if self.trouble:
            raise PasswordError(self.trouble)
        self.stored[service, account] = secret

    async def fetch(self, service: str, account: str) -> str:
        if self.trouble:
            raise PasswordError(self.trouble)
        if (service, account) not in self.stored:
            raise NoPasswordError(f"the keyring's entry {service} of {account} does not exist")
        return self.stored[service, account]

    async def forget(self, service: str, account: str) -> None:
        if self.trouble:
            raise PasswordError(self.trouble)
        del self.stored[service, account]


@contextmanager
def keyring_is(fake: FakeKeyring) -> Iterator[None]:
    """Have a fake keyring in place of the system's."""

    async def fetch_entry(service: str, account: str, limit: float = 0) -> str:
        return await fake.fetch(service, account)

    async def store_entry(service: str, account: str, secret: str) -> PasswordError | None:
        try:
            await fake.store(service, account, secret)
        except PasswordError as error:
            return error
        return None

    with patch.multiple(
        keyring_backend,
        keyring_state=fake.state,
        fetch_entry=fetch_entry,
        store_entry=store_entry,
        forget_entry=fake.forget,
    ):
        yield


class Hand:
    """What a person does at the keyboard, and sees."""

    def __init__(self, pilot: Pilot[int], file: Path) -> None:
        self.pilot = pilot
        self.file = file

    @property
    def form_screen(self) -> MainScreen:
        stack = self.pilot.app.screen_stack
        return next(screen for screen in stack if isinstance(screen, MainScreen))

    async def press(self, *keys: str) -> None:
        """Press keys, each once what the one before it began has been done."""
        for key in keys:
            self._send(key)
            await settle(self.pilot.app)

    async def type(self, text: str) -> None:
        """Type a text as fast as a paste comes."""
        await self.press_at_once(*(_KEY_NAMES.get(letter, letter) for letter in text))

    async def press_at_once(self, *keys: str) -> None:
        """Press keys that all arrive before the first one has done what it does."""
        for key in keys:
            self._send(key)
        await settle(self.pilot.app)

    def _send(self, key: str) -> None:
        app = self.pilot.app
        assert app._driver is not None
        letter = key if len(key) == 1 else {"space": " "}.get(key)
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        event = Key(name, letter)
        event.set_sender(app)
        app._driver.send_message(event)

    async def go_to(self, label: str) -> None:
        """Walk down to a row; a field of More is shown first, as the screen may be too low."""
        if label in _ADVANCED and not self.row(label):
            await self.go_to("More")
            await self.press("right")
        for _ in range(40):
            if self.row(label).startswith(">"):
                return
            await self.press_at_once(*["down"] * max(self._steps_to(label), 1))
        raise AssertionError(f"no row {label} on\n{self.screen}")

    def _steps_to(self, label: str) -> int:
        rows = [line.split("│")[0] for line in self.lines]
        here = next((number for number, row in enumerate(rows) if row.startswith(">")), 0)
        there = [number for number, row in enumerate(rows) if row[1:].strip().startswith(label)]
        return there[0] - here if there else 1

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await settle(self.pilot.app)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what a timer or a worker brings about."""
        async with asyncio.timeout(60):
            while not holds():
                await asyncio.sleep(0.005)
                await settle(self.pilot.app)

    @property
    def lines(self) -> list[str]:
        return _drawn_lines(self.pilot.app.screen)

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    def row(self, label: str) -> str:
        """The row of the form that begins with a label, as it stands on the screen."""
        found = [line for line in self.lines if line[1:].strip().startswith(label)]
        return found[0].split("│")[0].rstrip() if found else ""

    @property
    def hints(self) -> str:
        return self.lines[-1]


_KEY_NAMES = {" ": "space"}
_QUIET = 3
"""Turns of the event loop in a row in which nothing but the test itself had anything to do."""


async def settle(app: App[int]) -> None:
    """Wait until all that can be done now has been done, and paint it.

    Textual's pilot waits for an idle processor, 20 ms at least, which a busy machine never has.
    What a thread or a timer brings about comes later: a test waits for that by `Hand.until`.
    """
    await _quiet()
    while app.is_running and _is_key_under_way(app):
        await asyncio.sleep(0.002)
        await _quiet()
    for screen in app.screen_stack if app.is_running else ():
        if isinstance(screen, MainScreen):
            screen.follow_now()  # in place of the rest after which the sidebar follows
    while app.is_running and app.screen_stack:
        screen = app.screen
        screen._on_timer_update()  # in place of the timer, which paints 60 times a second at most
        await _quiet()
        if app.screen_stack and screen is app.screen and not _has_work(screen):
            _drawn_lines(screen)  # which may ask for another layout
            await _quiet()
            if screen is app.screen and not _has_work(screen):
                return


def _is_key_under_way(app: App[int]) -> bool:
    started = app._started if isinstance(app, KeyQueue) else None
    return started is not None and monotonic() - started < typeahead.DIALOG_TIMEOUT


def _has_work(screen: Screen[Any]) -> bool:
    return bool(screen._layout_required or screen._dirty_widgets or screen._callbacks)


async def _quiet() -> None:
    ready = cast(Any, asyncio.get_running_loop())._ready
    turns = 0
    while turns < _QUIET:
        await asyncio.sleep(0)
        turns = 0 if ready else turns + 1


def nobody() -> Resolver:
    """In place of the system's name servers, which no test asks."""
    raise AssertionError("DNS was to be asked")


@asynccontextmanager
async def form_on(
    text: str | None,
    folder: Path,
    *,
    size: tuple[int, int] = (80, 24),
    check: Runner | None = None,
    keyring: FakeKeyring | None = None,
    has_own_keyring: bool = False,
    table: str | None = "smtp",
    preferences: Preferences | None = None,
    keeps_changes: bool = False,
    lookup: DnsOptions | None = None,
    name: str = "mail.toml",
    drift: Callable[[Path, str | None], DriftNotice] | None = None,
    recording: Recording | None = None,
) -> AsyncIterator[Hand]:
    """Open the app on a file with this text, or on a file that does not exist yet.

    Its keyring is a fake, or the system's where it `has_own_keyring`. `drift` stands in for the
    look at what runs on this machine, which finds nothing.
    """
    file = folder / name
    if text is not None:
        file.write_text(text, encoding="utf-8")
    document = Document.new(file) if text is None else open_document(file)
    app = SmtpApp(
        document,
        table,
        runner=check or FakeCheck(),
        preferences=preferences,
        keeps_changes=keeps_changes,
        lookup=lookup or DnsOptions(resolver=nobody),
        recording=recording,
    )
    place = nullcontext() if has_own_keyring else keyring_is(keyring or FakeKeyring())
    found = patch.object(drift_model, "find_notice", drift or (lambda *_: DriftNotice()))
    with place, found, _nothing_twice():
        async with app.run_test(size=size) as pilot:
            await settle(app)
            yield Hand(pilot, file)


@contextmanager
def _nothing_twice() -> Iterator[None]:
    """Parse the style sheet once for all forms, and draw a screen once it is settled.

    Without a terminal Textual would draw each frame, which nobody sees.
    """
    with (
        patch.object(Compositor, "render_update", _draw_later),
        patch.object(Stylesheet, "_parse_rules", _parse_rules_once),
    ):
        yield


_drawn: WeakKeyDictionary[Compositor, list[str]] = WeakKeyDictionary()


def _draw_later(compositor: Compositor, **_options: object) -> None:
    if compositor._dirty_regions:
        _drawn.pop(compositor, None)
    compositor._dirty_regions.clear()


def _drawn_lines(screen: Screen[Any]) -> list[str]:
    compositor = screen._compositor
    is_known = compositor in _drawn and Compositor.__dict__["render_update"] is _draw_later
    if not is_known or compositor._dirty_regions or _has_work(screen):
        # What is behind a dialog; for a frame Textual sets it.
        visible_screen_stack.set(screen.app._background_screens)
        strips = compositor.render_strips()
        _drawn[compositor] = ["".join(segment.text for segment in strip) for strip in strips]
    return _drawn[compositor]


_parse_rules = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}
_palettes: list[dict[str, str]] = []


def _parse_rules_once(sheet: Stylesheet, *given: Any, **options: Any) -> list[RuleSet]:
    if sheet._variables not in _palettes:
        _palettes.append({**sheet._variables})
    key = (given, *options.items(), _palettes.index(sheet._variables))
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, *given, **options)
    return _parsed[key]
