"""`explain --message`: a bounce or a received message, from a file or a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.arrival.messages import BOUNCE, RECEIVED
from tests.cli.program import Outcome
from tests.dns.server import name_server

Call = Callable[..., Outcome]


def test_a_bounce_in_a_file(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "bounce.eml"
    file.write_text(BOUNCE)
    outcome = call("explain", "--message", str(file))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines()[:5] == [
        "This is a delivery report of relay.sender.test.",
        '  Message: "Hello", Sun, 29 Nov 2026 08:00:00 +0000, <one@sender.test>',
        "  nobody@example.test: not delivered (5.1.1).",
        "    mx.example.test replied: 550 5.1.1 <nobody@example.test>: User unknown in virtual "
        "mailbox table",
        "    Why: That server has no mailbox and no alias of this name.",
    ]
    assert "  slow@example.test: delayed; the server tries again (4.2.0)." in outcome.out


def test_a_received_message_from_a_pipe(call: Call) -> None:
    outcome = call("explain", "--message", stdin=RECEIVED.encode())
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "This is a received message: Hello",
        "  Hop 1: relay.sender.test received it from app with ESMTP, after 1 s",
        "  Hop 2: mx.example.test received it from relay.sender.test with ESMTPS, after 2 s",
        "  Hop 3: mx.example.test received it from mx.example.test with LMTP, after 2 s",
        "  mx.example.test found: spf=pass for app@sender.test",
        "  mx.example.test found: dkim=pass for sender.test",
        "  mx.example.test found: dmarc=pass for sender.test",
        "  Note: With --dns, smtp-tui also verifies the DKIM signatures.",
    ]


def test_the_same_for_a_program(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "message.eml"
    file.write_text(RECEIVED)
    with name_server({"_dmarc.sender.test": {"TXT": ['"v=DMARC1; p=reject"']}}) as server:
        outcome = call("explain", "--message", str(file), "--json", "--resolver", server.where)
        assert ("_dmarc.sender.test", "TXT") in {asked[:2] for asked in server.asked}
    told = json.loads(outcome.out)
    assert (told["kind"], told["bounce"]) == ("received", None)
    assert told["header"]["hops"][2]["at"] == "2026-11-29T08:00:05Z"
    assert (told["header"]["aligned"], told["header"]["aligned_by"]) == (True, "spf")


def test_the_receivers_name_as_the_admin_knows_it(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "message.eml"
    file.write_text(RECEIVED)
    outcome = call("explain", "--message", str(file), "--authserv-id", "mx.other.test")
    assert "found:" not in outcome.out
    assert (
        "  Not believed: an Authentication-Results field, because mx.example.test is not known to "
        "be the receiving server." in outcome.out
    )


@pytest.mark.parametrize("text", [b"", b"hello\n", b"\0" * 100])
def test_no_message(call: Call, text: bytes) -> None:
    outcome = call("explain", "--message", stdin=text)
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("smtp-tui: the text is neither a bounce nor a message")


def test_wrong_calls(call: Call, tmp_path: Path) -> None:
    missing = call("explain", "--message", str(tmp_path / "none.eml"))
    assert (missing.status, missing.err) == (
        2,
        f"smtp-tui: {tmp_path}/none.eml cannot be read: no such file or directory\n",
    )
    assert call("explain", "--dns").err == "smtp-tui: --dns needs --message\n"
    assert call("explain", "host", "--message").status == 2


def test_a_message_that_is_too_large(call: Call) -> None:
    outcome = call("explain", "--message", stdin=b"x" * (1024 * 1024 + 1))
    assert (outcome.status, outcome.err) == (
        2,
        "smtp-tui: standard input is larger than 1 MiB; give only its header\n",
    )
