"""`demo --replay`: the recorded server again, on loopback, so that a failure becomes a test."""

from __future__ import annotations

import asyncio
import socket
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.recording import parse_recording, read_recording
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.config.document import Document
from smtp_tui.demo.replay_script import NothingToPlayError, ReplayScript, script_of
from smtp_tui.demo.replay_server import running_replay
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp import events
from smtp_tui.smtp.events import Event, Received
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.replies import Reply
from tests.cli.program import run_program
from tests.recordings import FILES, FOLDER

# The client's own nonce is part of the server's reply, which a recording cannot have.
NOT_PLAYED = {"postfix-login-scram"}
PLAYED = [file for file in FILES if file.stem not in NOT_PLAYED]


async def checked(
    script: ReplayScript, recording: Any, mail: MailRequest | None = None
) -> tuple[list[Event], Verdict]:
    """Check the played server with the recorded settings."""
    with running_replay(script, recording.settings) as sample:
        values = Document.open(sample.file).values("smtp")
        request = CheckRequest(
            values=values,
            base=sample.file.parent,
            mail=mail,
            allow_clear_password=True,
            extra=0,
        )
        happened: list[Event] = []
        async with aclosing(run(request)) as updates:
            async for update in updates:
                if isinstance(update, Verdict):
                    return happened, update
                happened.append(update)
    raise AssertionError("no verdict")


def mail_of(happened: tuple[Event, ...]) -> MailRequest | None:
    """A mail to the recorded recipients, if there are any."""
    replies = [each for each in happened if isinstance(each, events.RecipientReply)]
    names = [each.recipient for each in replies if not each.is_final]
    if not names:
        return None
    is_sent = any(isinstance(each, events.Sent) and each.text == "DATA" for each in happened)
    recipients = tuple(map(parse_mailbox, names))
    return MailRequest(recipients=recipients, sender=recipients[0], body="x" if is_sent else None)


@pytest.mark.parametrize("file", PLAYED, ids=lambda file: file.stem)
async def test_a_recorded_server_fails_as_it_did(file: Path) -> None:
    recording = read_recording(file)
    happened, verdict = await checked(
        script_of(recording.events), recording, mail_of(recording.events)
    )
    then = recording.verdict
    assert (verdict.stage, verdict.cause) == (then.stage, then.cause), verdict.summary
    replies = [each.reply.text for each in happened if isinstance(each, Received)]
    assert replies == [each.reply.text for each in recording.events if isinstance(each, Received)]


def test_a_check_without_a_connection_has_nothing_to_play() -> None:
    end = events.Finished(seconds=0, stage=events.Stage.RESOLVE)
    with pytest.raises(NothingToPlayError, match="did not connect"):
        script_of([end])


def spoken_to(script: ReplayScript, *lines: bytes) -> bytes:
    """What the played server says to a client that sends these lines at once."""
    with running_replay(script, None) as sample:
        port = Document.open(sample.file).values("smtp")["port"]
        assert isinstance(port, int)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            said = b""
            with suppress(OSError):  # the server left before it read everything
                client.sendall(b"".join(lines))
                client.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                while data := client.recv(65536):
                    said += data
            return said


def scripted(*replies: Reply) -> ReplayScript:
    """A server with a greeting and replies to EHLO."""
    happened: list[Event] = [
        events.Connected(seconds=0, address="127.0.0.1", port=25, local_address=None),
        Received(seconds=0, reply=Reply(220, (b"hello",))),
    ]
    for reply in replies:
        happened += [events.Sent(seconds=0, text="EHLO x"), Received(seconds=0, reply=reply)]
    return script_of(happened)


def test_a_command_without_a_recorded_reply_is_rejected() -> None:
    said = spoken_to(scripted(Reply(250, (b"ok",))), b"NOOP\r\n", b"EHLO y\r\n", b"EHLO y\r\n")
    assert said == (
        b"220 hello\r\n502 5.5.1 The recording has no reply to this command\r\n250 ok\r\n250 ok\r\n"
    )


def test_a_reply_that_is_made_up_stays_in_its_lines() -> None:
    """A line of a damaged recording may hold line ends, which would make replies of it."""
    said = spoken_to(scripted(Reply(250, (b"a\r\n550 b", b"x" * 100_000))), b"EHLO y\r\n")
    assert said.splitlines()[1] == b"250-a  550 b"
    assert len(said.splitlines()) == 3
    assert len(said) < 20_000


def test_a_flood_of_commands_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtp_tui.demo.replay_server._MOST_COMMANDS", 3)
    said = spoken_to(scripted(Reply(250, (b"ok",))), *[b"NOOP\r\n"] * 10)
    assert said.count(b"502") == 3
    # A reset may take away what was not read yet.
    assert spoken_to(scripted(), b"x" * 1_000_000) in (b"220 hello\r\n", b"")


@pytest.mark.integration
def test_the_demo_plays_a_recording_without_a_terminal(tmp_path: Path) -> None:
    file = FOLDER / "postfix-wrong-password.jsonl"
    done = run_program("demo", "--replay", str(file), "--json", cwd=tmp_path)
    assert done.status == 9
    assert done.verdict["cause"] == "auth-rejected"
    recording = parse_recording(file.read_text(encoding="utf-8"))
    assert recording.verdict.reply
    assert done.verdict["reply"]["text"] == recording.verdict.reply.text
    none = tmp_path / "none"
    none.write_text("x")
    done = run_program("demo", "--replay", str(none), "--json")
    assert (done.status, done.out) == (2, "")
    assert done.err == f"smtp-tui: {none} is not a recording of smtp-tui; name a file of --record\n"


def test_many_clients_at_once() -> None:
    script = scripted(Reply(250, (b"ok",)))

    async def one(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO y\r\nQUIT\r\n")
        writer.write_eof()
        said = await reader.read()
        writer.close()
        return said

    async def all_of_them(port: int) -> list[bytes]:
        return await asyncio.gather(*(one(port) for _ in range(20)))

    with running_replay(script, None) as sample:
        port = Document.open(sample.file).values("smtp")["port"]
        assert isinstance(port, int)
        said = asyncio.run(all_of_them(port))
    assert all(each.startswith(b"220 hello\r\n250 ok\r\n502") for each in said)
