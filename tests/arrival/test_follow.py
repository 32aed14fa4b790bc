"""`send --follow` against real mail servers and their own logs."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.arrival.follow import follow
from smtp_tui.arrival.log_reader import LogFile
from smtp_tui.arrival.tracker import DeliveryTracker
from tests.cli.program import COMMAND, Outcome, environment, run_program
from tests.servers import exim_relay, relay
from tests.servers.exim_program import exim_obstacle, find_exim
from tests.servers.exim_relay import running_exim_relay
from tests.servers.journald import journald_obstacle, running_journald
from tests.servers.next_server import ACCEPTED, running_next_server
from tests.servers.opensmtpd import opensmtpd_obstacle, running_opensmtpd
from tests.servers.ports import reserved_ports
from tests.servers.relay import Relay, running_relay
from tests.servers.requirements import obstacle, program, require

pytestmark = pytest.mark.integration

ACCEPTING, GREYLISTING, REFUSING = (
    f"{name}@next.test" for name in ("carol", "greylisted", "refused")
)


@pytest.fixture(scope="module")
def next_port() -> Iterator[int]:
    with running_next_server() as port:
        yield port


@pytest.fixture(scope="module")
def postfix(next_port: int) -> Iterator[Relay]:
    require(obstacle())
    with running_relay(next_port) as running:
        yield running


def send(port: int, *arguments: str, **variables: str) -> Outcome:
    """Send to a server of this machine and follow the message."""
    return run_program(*sending(port, *arguments), env=environment(**variables))


def sending(port: int, *arguments: str) -> list[str]:
    """The words of such a call."""
    place = ("host=127.0.0.1", f"port={port}", "encryption=none")
    settings = [word for value in place for word in ("--set", value)]
    return ["send", *settings, "--from", relay.SENDER, "--body", "x", "--follow", *arguments]


def verdict(port: int, *arguments: str, **variables: str) -> dict[str, Any]:
    """The verdict, and the exit status in it."""
    outcome = send(port, "--json", *arguments, **variables)
    assert outcome.err == ""
    return outcome.verdict | {"status": outcome.status}


def handovers(found: dict[str, Any]) -> dict[str, str]:
    """The state of each recipient."""
    return {one["recipient"]: one["state"] for one in found["delivery"]["handovers"]}


def test_handed_on(postfix: Relay) -> None:
    found = verdict(postfix.port, "--to", ACCEPTING, **postfix.variables)
    assert (found["ok"], found["cause"], found["status"]) == (True, None, 0)
    (handover,) = found["delivery"]["handovers"]
    assert (handover["state"], handover["text"]) == ("sent", ACCEPTED)
    assert handover["queue_ids"] == [found["queue_id"]]
    assert len(handover["delays"]) == 4
    assert not handover["local"]
    assert found["delivery"]["seconds"] < 30
    assert f"which said: {ACCEPTED}" in found["summary"]
    assert found["summary"].endswith("This does not prove arrival.")
    assert "delivered" not in found["summary"]


@pytest.mark.parametrize(
    ("recipient", "subject", "cause", "why"),
    [
        (GREYLISTING, "test", "delivery-deferred", "Greylisting defers"),
        (REFUSING, "test", "delivery-bounced", "That server has no mailbox"),
        (relay.UNREACHABLE, "test", "delivery-deferred", ""),
        (relay.DISCARDED, "test", "delivery-discarded", "A rule"),
        (ACCEPTING, relay.HELD, "delivery-held", "on hold"),
        (ACCEPTING, relay.DISCARDED_SUBJECT, "delivery-discarded", "A rule"),
    ],
)
def test_what_a_log_shows(
    postfix: Relay, recipient: str, subject: str, cause: str, why: str
) -> None:
    found = verdict(postfix.port, "--to", recipient, "--subject", subject, **postfix.variables)
    assert (found["ok"], found["cause"], found["stage"]) == (False, cause, "message")
    assert found["status"] == 11
    assert why in found["why"]
    assert recipient in found["summary"]


def test_the_end_of_a_delivery_here(postfix: Relay) -> None:
    found = verdict(postfix.port, "--to", relay.VIRTUAL, **postfix.variables)
    assert found["delivery"]["handovers"][0]["local"]
    assert found["summary"].endswith("delivered on this machine by virtual (delivered to maildir).")


def test_several_recipients(postfix: Relay) -> None:
    everyone = (ACCEPTING, GREYLISTING, REFUSING, relay.VIRTUAL, relay.ALIAS)
    found = verdict(postfix.port, "--to", *everyone, **postfix.variables)
    states = ("sent", "deferred", "bounced", "sent", "sent")
    assert handovers(found) == dict(zip(everyone, states, strict=True))
    assert found["cause"] == "delivery-bounced"
    assert "(1 of 5 recipients)" in found["summary"]


def test_a_content_filter(postfix: Relay) -> None:
    found = verdict(postfix.filtered_port, "--to", relay.ALIAS, **postfix.variables)
    (handover,) = found["delivery"]["handovers"]
    assert (handover["state"], handover["text"]) == ("sent", ACCEPTED)
    first, second = handover["queue_ids"]
    assert first == found["queue_id"] != second


def test_time_is_bounded(postfix: Relay) -> None:
    started = time.monotonic()
    found = verdict(postfix.port, "--to", relay.SILENT, "--within", "2", **postfix.variables)
    assert 2 < time.monotonic() - started < 15
    assert (found["cause"], handovers(found)) == (
        "delivery-unfinished",
        {relay.SILENT: "unknown"},
    )
    assert f"within 2 s, {postfix.log} showed no result" in found["summary"]


def test_a_named_time_awaits_the_next_attempt(postfix: Relay) -> None:
    waited = verdict(postfix.port, "--to", GREYLISTING, "--within", "2", **postfix.variables)
    assert waited["cause"] == "delivery-deferred"
    assert waited["seconds"] > 2


def test_another_log_says_nothing(postfix: Relay, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    other.touch()
    found = verdict(postfix.port, "--to", ACCEPTING, "--log", str(other), "--within", "1")
    assert found["cause"] == "delivery-unfinished"
    assert f"{other} said nothing about it" in found["summary"]


def test_a_hostile_reply_is_escaped(postfix: Relay) -> None:
    outcome = send(postfix.port, "--to", "hostile@next.test", **postfix.variables)
    assert outcome.status == 11
    assert outcome.out.replace("\n", "").isprintable()
    assert "rejected" in outcome.out


def test_monitoring(postfix: Relay) -> None:
    nagios = send(postfix.port, "--to", ACCEPTING, "--format", "nagios", **postfix.variables)
    assert nagios.status == 0
    assert " handover=0." in nagios.out
    bounced = send(postfix.port, "--to", REFUSING, "--format", "nagios", **postfix.variables)
    assert bounced.status == 2
    assert bounced.out.startswith("SMTP CRITICAL - ")
    metrics = send(postfix.port, "--to", ACCEPTING, "--format", "prometheus", **postfix.variables)
    assert "\nsmtp_tui_handover_seconds{" in metrics.out


def test_a_rotation_meanwhile(postfix: Relay) -> None:
    """Postfix's own logrotate, between the opening of the log and the delivery."""
    reader = LogFile(postfix.log)
    command = (program("postfix"), "-c", postfix.configuration, "logrotate")
    subprocess.run(command, check=True, capture_output=True)
    with socket.create_connection(("127.0.0.1", postfix.port)) as client:
        queue_id = hand_in(client)

    async def followed() -> list[str]:
        tracker = DeliveryTracker(queue_id, [ACCEPTING])
        async with aclosing(follow(tracker, [reader], within=30)) as found:
            return [handover.state.value async for handover in found]

    assert asyncio.run(followed()) == ["sent"]
    reader.close()


def hand_in(client: socket.socket) -> str:
    """Send a message; return its queue ID."""
    lines = (
        "EHLO x",
        f"MAIL FROM:<{relay.SENDER}>",
        f"RCPT TO:<{ACCEPTING}>",
        "DATA",
        "Subject: x\r\nMessage-ID: <x@y>\r\n\r\nx\r\n.",
    )
    file = client.makefile("rb")
    for line in ("", *lines):
        if line:
            client.sendall(line.encode() + b"\r\n")
        while (reply := file.readline())[3:4] == b"-":
            pass
    return reply.decode().split()[-1]


def test_journal(next_port: int) -> None:
    """Postfix writes to syslog, which is a real journald in a namespace of its own."""
    require(obstacle() or journald_obstacle())
    with running_journald() as enter, running_relay(next_port, to_syslog_of=enter) as server:
        arguments = sending(server.port, "--json", "--to", ACCEPTING, REFUSING, "--within", "30")
        command = [*enter, *COMMAND, *arguments]
        done = subprocess.run(
            command, env=environment(**server.variables), capture_output=True, check=False
        )
    found = json.loads(done.stdout.splitlines()[-1])
    assert handovers(found) == {ACCEPTING: "sent", REFUSING: "bounced"}
    assert (done.returncode, done.stderr) == (11, b"")


def test_exim(next_port: int) -> None:
    require(exim_obstacle())
    found_program = find_exim()
    assert found_program is not None
    everyone = (ACCEPTING, GREYLISTING, REFUSING, exim_relay.BOX, exim_relay.HOLE)
    with (
        reserved_ports(("127.0.0.1",), 1) as (port,),
        running_exim_relay(found_program, port, next_port) as log,
    ):
        found = verdict(port, "--to", *everyone, "--log", str(log))
        box = verdict(port, "--to", exim_relay.BOX, "--log", str(log))
    states = ("sent", "deferred", "bounced", "sent", "discarded")
    assert handovers(found) == dict(zip(everyone, states, strict=True))
    assert found["delivery"]["handovers"][0]["text"] == ACCEPTED
    assert found["cause"] == "delivery-bounced"
    assert box["ok"]
    assert box["summary"].endswith("delivered on this machine by box.")


def test_opensmtpd(next_port: int) -> None:
    require(opensmtpd_obstacle())
    everyone = (ACCEPTING, GREYLISTING, REFUSING)
    with (
        reserved_ports(("127.0.0.1",), 1) as (port,),
        running_opensmtpd(port, next_port) as log,
    ):
        found = verdict(port, "--to", *everyone, "--log", str(log))
        box = verdict(port, "--to", "nobody@box.test", "--log", str(log))
    assert handovers(found) == dict(zip(everyone, ("sent", "deferred", "bounced"), strict=True))
    assert found["delivery"]["handovers"][0]["text"] == ACCEPTED
    assert found["cause"] == "delivery-bounced"
    assert box["ok"]
    assert "delivered on this machine by local" in box["summary"]
