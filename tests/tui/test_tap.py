"""The tap of the form: both sides in the log, what to point where, how it ends."""

from __future__ import annotations

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.tap.certificates import make_certificate
from smtp_tui.tui.dialogs.explanation import ExplanationScreen
from smtp_tui.tui.model.check_request import ChosenPlace
from tests.tap.scripted import answering
from tests.tui.driving import FakeCheck, Hand, form_on

SECRET = "hunter2-wonderland"
PLAIN = b64encode(f"\0alice\0{SECRET}".encode()).decode()
FILE = """\
[smtp]
host = "127.0.0.1"
port = {}
encryption = "none"
domain = "check.example.test"
username = "alice"
password = "another-password"
authentication = "plain"
"""


@pytest.fixture
def text() -> Iterator[str]:
    """Settings for a server that accepts everything."""
    with answering() as port:
        yield FILE.format(port)


async def start(hand: Hand, address: str = "127.0.0.1:0") -> int:
    """Start a tap from the menu, and return its port."""
    await hand.press("ctrl+p")
    await hand.type("tap")
    await hand.press("enter")
    await hand.until(lambda: ">Address" in hand.screen)
    await hand.press("ctrl+u")
    await hand.type(address)
    await hand.press("enter")
    await hand.until(lambda: "Point the application at" in hand.screen)
    found = re.search(r"at 127\.0\.0\.1 port (\d+)\.", hand.screen)
    assert found
    return int(found[1])


async def talk(port: int, *lines: str) -> None:
    """Send lines as an application, each after the reply to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    for line in lines:
        writer.write(f"{line}\r\n".encode())
        await reader.readline()
    writer.close()
    await writer.wait_closed()


def authority(folder: Path, port: int) -> Path:
    return folder / f"mail-tap-{port}.pem"


def written(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


def log_of(hand: Hand) -> str:
    pane = hand.form_screen.test_pane
    return "\n".join(str(entry) for entry in pane.last_entries())


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20)])
async def test_both_sides_are_live_in_the_log(
    tmp_path: Path, text: str, size: tuple[int, int]
) -> None:
    async with form_on(text, tmp_path, size=size) as hand:
        port = await start(hand)
        assert "Esc Stop" in hand.hints
        assert f"it must trust mail-tap-{port}.pem" in hand.screen
        assert "BEGIN CERTIFICATE" in authority(tmp_path, port).read_text()
        assert "PRIVATE" not in authority(tmp_path, port).read_text()
        await talk(port, "EHLO app.example.test", f"AUTH PLAIN {PLAIN}", "MAIL FROM:<a@b.test>")
        await hand.until(lambda: "unchanged" in log_of(hand))
        log = log_of(hand)
        assert "tap 1, " in log
        assert f"must trust {authority(tmp_path, port)}" in log
        assert "-> EHLO app.example.test" in log
        assert "<- 250 ok" in log
        assert "-> AUTH PLAIN [initial response hidden]" in log
        assert "! The application names itself app.example.test in EHLO" in log
        await hand.press("escape")
        await hand.until(lambda: "The tap has ended: 1 client, " in hand.screen)
        assert "Point the application back to 127.0.0.1 port" in hand.screen
        assert "names itself app.example.test" in hand.screen
        assert re.search(r"tap 1, [\d:]+, 1 client, \d differences from a test, ", log_of(hand))
        for shown in (hand.screen, log_of(hand)):
            assert SECRET not in shown
            assert PLAIN not in shown
            assert "another-password" not in shown
        assert not authority(tmp_path, port).exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


async def test_its_command_ends_it_and_a_test_waits(tmp_path: Path, text: str) -> None:
    check = FakeCheck()
    async with form_on(text, tmp_path, check=check) as hand:
        hand.form_screen.test_pane._tested.session.place = ChosenPlace("container", "podman:web")
        await start(hand)
        assert "The tap connects from here, not from container web." in log_of(hand)
        hand.form_screen.test_pane._tested.session.place = None
        await hand.press("f5")
        assert "A tap is running. Esc ends it." in hand.screen
        assert not check.requests
        await hand.press("ctrl+p")
        await hand.type("tap")
        await hand.press("enter")
        await hand.until(lambda: "The tap has ended: no client connected." in hand.screen)
        assert "A tap is running" not in hand.screen
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert len(check.requests) == 1


async def test_where_it_cannot_listen_it_asks_again(tmp_path: Path, text: str) -> None:
    async with form_on(text, tmp_path) as hand:
        await hand.press("ctrl+p")
        await hand.type("tap")
        await hand.press("enter")

        async def refused(address: str, problem: str) -> None:
            await hand.until(lambda: ">Address" in hand.screen)
            await hand.press("ctrl+u")
            await hand.type(address)
            await hand.press("enter")
            await hand.until(lambda: problem in " ".join(hand.screen.split()))

        await refused("0.0.0.0:0", "Other machines could use 0.0.0.0:0")
        await refused("mail.example", "The tap needs ADDRESS:PORT")
        await refused(f"127.0.0.1:{text.split()[6]}", "where the tap itself would listen")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            await refused(f"127.0.0.1:{port}", f"Nothing can listen on 127.0.0.1:{port}:")
        await hand.press("escape")
        assert "Esc Stop" not in hand.hints
    assert [path.name for path in written(tmp_path) if "tap" in path.name] == []


async def test_a_ca_file_next_to_the_settings_is_found_or_missed_at_once(tmp_path: Path) -> None:
    text = '[smtp]\nhost = "127.0.0.1"\nport = 1\nca_file = "server.pem"\n'
    async with form_on(text, tmp_path) as hand:
        await hand.press("ctrl+p")
        await hand.type("tap")
        await hand.press("enter")
        await hand.until(lambda: ">Address" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "cannot be used: ca_file:" in " ".join(hand.screen.split()))
        (tmp_path / "server.pem").write_bytes(make_certificate("localhost").authority)
        await hand.press("ctrl+u")
        await hand.type("127.0.0.1:0")
        await hand.press("enter")
        await hand.until(lambda: "Point the application at" in hand.screen)
        found = re.search(r"port (\d+)\. ", hand.screen)
        assert found
        await talk(int(found[1]))
        await hand.until(lambda: "1 client, not connected to the server" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "The tap has ended: 1 client, not connected" in hand.screen)
        await hand.press("f6", "f3")
        assert "A session ended: no connection to 127.0.0.1: Connection refused." in hand.screen


async def test_settings_that_cannot_be_used_start_no_tap(tmp_path: Path) -> None:
    async with form_on("[smtp]\nport = 25\n", tmp_path) as hand:
        await hand.press("ctrl+p")
        await hand.type("tap")
        await hand.press("enter")
        assert "The tap did not start. SMTP Host" in " ".join(hand.screen.split())
        assert ">Address" not in hand.screen


async def test_leaving_the_form_ends_it(tmp_path: Path, text: str) -> None:
    async with form_on(text, tmp_path) as hand:
        port = await start(hand)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"220 ")
        await hand.press("f10")
        await hand.until(lambda: not hand.pilot.app.is_running)
        assert await reader.read() == b""
        writer.close()
    assert not authority(tmp_path, port).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_clients_are_told_apart_and_all_differences_can_be_read(
    tmp_path: Path, text: str
) -> None:
    async with form_on(text, tmp_path) as hand:
        port = await start(hand)
        for name in ("one.example.test", "two.example.test"):
            await talk(port, f"EHLO {name}", "QUIT")
        await hand.until(lambda: log_of(hand).count("from the server: ") == 2)
        await hand.press("escape")
        await hand.until(lambda: "The tap has ended" in hand.screen)
        log = log_of(hand)
        assert "-> EHLO one.example.test" in log
        assert "-> [2] EHLO two.example.test" in log
        await hand.press("f6", "f3")
        assert isinstance(hand.pilot.app.screen, ExplanationScreen)
        assert "The tap has ended: 2 clients" in hand.screen
        assert "one.example.test" in hand.screen
