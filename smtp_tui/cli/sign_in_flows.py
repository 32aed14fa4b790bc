"""Sign in by each of the flows on a terminal, or for a program that reads JSON."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from smtp_tui.cli.password_prompt import typed_password
from smtp_tui.cli.terminal import has_colours, is_light, print_error, print_line, speaks_utf8
from smtp_tui.config.errors import one_line
from smtp_tui.oauth.entry import Flow, Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import DeviceSignIn, begin_device, begin_paste, client_sign_in
from smtp_tui.oauth.qr import MISSING, qr_lines
from smtp_tui.oauth.token_endpoint import Client

T = TypeVar("T")
_MINUTE = 60.0
_PATIENCE = 2.0  # seconds until a terminal shows what is awaited
_PASTE_HERE = (
    "At the end the browser shows an error page. This is right: nothing listens",
    "there. Copy the address of that page, and paste it here. It is not shown.",
)
_PASTES = 3  # attempts to paste the right address


def granted_by(flow: Flow, client: Client, *, as_json: bool) -> Granted:
    """Sign in with one of the flows; OAuthError."""
    match flow:
        case Flow.DEVICE:
            return asyncio.run(_by_device(client, as_json=as_json))
        case Flow.PASTE:
            return _by_paste(client, as_json=as_json)
        case Flow.CLIENT:
            return asyncio.run(patiently(client_sign_in(client), client.name))


async def patiently(call: Coroutine[Any, Any, T], name: str) -> T:
    """Await a call; say after a while, on a terminal, who has not answered yet."""
    if not sys.stderr.isatty():
        return await call
    loop = asyncio.get_running_loop()
    notice = loop.call_later(_PATIENCE, print_error, f"waiting for {name} to answer")
    try:
        return await call
    finally:
        notice.cancel()


async def _by_device(client: Client, *, as_json: bool) -> Granted:
    device = await patiently(begin_device(client), client.name)
    if as_json:
        ends_in = round(device.ends_in)
        print_event("sign-in-address", address=device.address, code=device.code, ends_in=ends_in)
    else:
        for line in _device_lines(client, device):
            print_line(line)

    def report(error: OAuthError) -> None:
        print_error(f"{error}; smtp-tui tries again")

    return await device.wait(report)


def _device_lines(client: Client, device: DeviceSignIn) -> Iterator[str]:
    above = (
        f"To sign in as {one_line(client.username, 80)}, open this address on any device:",
        *("", f"    {device.address}", "", "and enter this code there:", ""),
        *(f"    {' '.join(device.code)}", ""),
    )
    below = f"{_valid_for(device)} smtp-tui waits; Ctrl+C ends."
    yield from above
    yield from _qr(device.complete_address or device.address, (*above, below))
    yield below


def _valid_for(device: DeviceSignIn) -> str:
    if not device.is_end_known:
        return "The provider does not say how long the code is valid."
    if device.ends_in < 2 * _MINUTE:
        return f"The code is valid for {round(device.ends_in)} seconds."
    return f"The code is valid for {round(device.ends_in / _MINUTE)} minutes."


def _qr(address: str, others: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a code that fits on the screen next to `others`, which may wrap."""
    if not sys.stdout.isatty() or not speaks_utf8():
        return
    size = shutil.get_terminal_size()
    used = sum(max(1, -(-len(line) // size.columns)) for line in others)
    # The cursor stands in a line of its own.
    rows = size.lines - used - 1
    yield from qr_lines(address, size.columns, rows, on_light=has_colours() and is_light())
    if MISSING:
        yield MISSING


def _by_paste(client: Client, *, as_json: bool) -> Granted:
    pasted = begin_paste(client)
    if as_json:
        print_event("sign-in-address", address=pasted.address, code=None, ends_in=None)
    else:
        head = f"To sign in as {one_line(client.username, 80)}, open this address in a browser:"
        above, below = (head, "", pasted.address, ""), _PASTE_HERE
        for line in (*above, *_qr(pasted.address, (*above, *below)), *below):
            print_line(line)
    for attempt in range(_PASTES):
        text = _pasted_text()
        try:
            return asyncio.run(patiently(pasted.finish(text), client.name))
        except OAuthError as error:
            # With an error code, the provider itself has ended the sign-in.
            if error.error or attempt == _PASTES - 1 or not sys.stdin.isatty():
                raise
            print_error(str(error))
    raise AssertionError("the last attempt returns or raises")


def _pasted_text() -> str:
    # It holds a code, so it is read without echo.
    return typed_password("Address: ") if sys.stdin.isatty() else sys.stdin.readline(64 * 1024)


def print_event(event: str, **values: object) -> None:
    """Print a line of JSON."""
    print_line(json.dumps({"event": event, **values}))
