"""`send --prove` as it is called: its options, and what it prints for people and programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Outcome, environment, run_program
from tests.dns.server import NameServer
from tests.servers.delivery_chain import DISCARDED, INBOX, JUNK, DeliveryChain
from tests.servers.users import ALICE
from tests.table import table

MAILBOX = f"imaps://{ALICE.name}@localhost"
SECRET = "hunter2-never-shown"


@table(
    ("words", "complaint"),
    [
        (("--prove", "alice@x.test"), "--prove must begin with imaps:// or imap://"),
        (
            ("--prove", f"imaps://a:{SECRET}@x.test"),
            "--prove must not contain a password; use --prove-password",
        ),
        (
            ("--prove", MAILBOX, "--prove-password", SECRET),
            "--prove-password names the place of the password, never the password: "
            '{ keyring = "SERVICE" }, { env = "NAME" }, { file = "PATH" }, '
            '{ command = ["argv"] } or { oauth = "SIGN-IN" }',
        ),
        (
            ("--prove", MAILBOX, "--prove-password", f'"{SECRET}"'),
            "--prove-password names the place of the password, never the password: "
            '{ keyring = "SERVICE" }, { env = "NAME" }, { file = "PATH" }, '
            '{ command = ["argv"] } or { oauth = "SIGN-IN" }',
        ),
        (
            ("--prove", MAILBOX, "--prove-password", "{ ask = true }"),
            "--prove-password says to ask, but there is no terminal",
        ),
        (
            ("--prove", MAILBOX, "--prove-password", '{ env = "P" }', "--within", "0"),
            "--within needs a number of seconds",
        ),
        (("--remove",), "--remove needs --prove"),
        (("--within", "5"), "--within needs --follow or --prove"),
    ],
)
def test_wrong_calls(words: tuple[str, ...], complaint: str) -> None:
    outcome = run_program(
        *("send", "--set", "host=127.0.0.1", "--to", "a@b.test", *words), detached=True
    )
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"smtp-tui: {complaint}")
    assert SECRET not in outcome.err


def send(chain: DeliveryChain, names: NameServer, to: str, *more: str) -> Outcome:
    """Run `send --prove` with the password in a variable."""
    port, boxes = chain.port, chain.mailboxes
    settings = (
        *("host=127.0.0.1", f"port={port}", "encryption=none", "authentication=none"),
        *(f"ca_file={boxes.authority_file}",),
    )
    return run_program(
        "send",
        *(word for setting in settings for word in ("--set", setting)),
        *("--to", to, "--from", "app@sender.test", "--resolver", names.where),
        *("--prove", f"{MAILBOX}:{boxes.imaps_port}", "--prove-password", '{ env = "BOX" }'),
        *more,
        env=environment(BOX=ALICE.password),
    )


@pytest.mark.integration
def test_what_people_read(chain: DeliveryChain, names: NameServer) -> None:
    outcome = send(chain, names, INBOX, "--quiet")
    assert (outcome.status, outcome.err) == (0, "")
    first, *lines = outcome.out.splitlines()
    assert "The message arrived in INBOX of alice@example.test at localhost, seen " in first
    assert lines[3:] == [
        "  DKIM: the signature of sender.test (selector sel1) is valid",
        "  mail.example.test found: dkim=pass for sender.test",
        "  mail.example.test found: dkim-atps=neutral",
        "  DMARC: DKIM passes and is aligned with sender.test",
    ]
    assert lines[0].startswith("  Hop 1: relay.sender.test received it from [127.0.0.1] with ESMTP")


@pytest.mark.integration
def test_json(chain: DeliveryChain, names: NameServer) -> None:
    arrival = _arrival(send(chain, names, JUNK, "--json", "--remove"))
    assert (arrival["found"], arrival["folder"], arrival["folder_kind"]) == (True, "Junk", "junk")
    assert (arrival["removed"], arrival["aligned"], arrival["aligned_by"]) == (True, True, "dkim")
    assert arrival["dkim"][0]["outcome"] == "pass"
    assert arrival["hops"][0]["by"] == "relay.sender.test"
    assert arrival["results"][0]["properties"]["header.d"] == "sender.test"
    missed = _arrival(send(chain, names, DISCARDED, "--json", "--within", "1"))
    assert (missed["found"], missed["seconds"], missed["hops"]) == (False, None, [])


def _arrival(outcome: Outcome) -> dict[str, Any]:
    arrival: dict[str, Any] = outcome.verdict["delivery"]["arrival"]
    assert json.dumps(arrival).isascii()
    assert ALICE.password not in outcome.out
    return arrival


@pytest.mark.integration
def test_monitoring(chain: DeliveryChain, names: NameServer) -> None:
    nagios = send(chain, names, INBOX, "--format", "nagios")
    assert nagios.status == 0
    assert " delivery=" in nagios.out.splitlines()[0]
    assert send(chain, names, JUNK, "--format", "nagios").status == 1
    missed = send(chain, names, DISCARDED, "--within", "1", "--format", "nagios")
    assert missed.status == 2
    metrics = send(chain, names, INBOX, "--format", "prometheus").out
    assert "\nsmtp_tui_delivery_seconds{" in metrics
    assert any(
        line.startswith("smtp_tui_delivered{") and line.endswith(" 1")
        for line in metrics.splitlines()
    )


@pytest.mark.integration
def test_with_the_log_too(chain: DeliveryChain, names: NameServer, tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.touch()
    # This log says nothing about the message, but the mailbox shows it.
    found = send(chain, names, INBOX, "--json", "--follow", "--log", str(log), "--within", "2")
    verdict = found.verdict
    assert (verdict["ok"], verdict["cause"]) == (True, None)
    assert verdict["delivery"]["arrival"]["found"]
    assert verdict["delivery"]["handovers"][0]["state"] == "unknown"
