"""A message proven by its mailbox: real Postfix, OpenDKIM, postgrey and Dovecot."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.arrival.authentication_results import Receiver
from smtp_tui.arrival.mailbox import parse_mailbox_address
from smtp_tui.arrival.message_report import read_message
from smtp_tui.arrival.prove import Look, ProofRequest, prove
from smtp_tui.checks import prove as checks_prove
from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.delivery import ArrivalProof
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery.dns import Resolver
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.message import MailRequest
from tests.dns.server import NameServer
from tests.servers.delivery_chain import (
    ARCHIVED,
    DISCARDED,
    ELSEWHERE,
    FOOTER,
    FORGED,
    FORGED_ELSEWHERE,
    GREYLISTED,
    INBOX,
    JUNK,
    LATE,
    RECEIVER,
    REJECTED,
    RELAY,
    UNKNOWN,
    DeliveryChain,
)
from tests.servers.users import ALICE

pytestmark = pytest.mark.integration


def request_of(
    chain: DeliveryChain,
    names: NameServer,
    to: str,
    *,
    subject: str = "Hello",
    body: str = "Text\n",
    sender: str = "app@sender.test",
    **more: Any,
) -> CheckRequest:
    """What `send --prove` asks for."""
    boxes = chain.mailboxes
    values = {
        "host": "127.0.0.1",
        "port": chain.port,
        "encryption": "none",
        "authentication": "none",
        "ca_file": str(boxes.authority_file),
    }
    proof: dict[str, Any] = {
        "address": parse_mailbox_address(f"imaps://{ALICE.name}@localhost:{boxes.imaps_port}"),
        "secret": ALICE.password,
        "within": 20.0,
        "resolver": Resolver(("127.0.0.1", names.port)),
    }
    mail = MailRequest(
        recipients=(parse_mailbox(to),), sender=parse_mailbox(sender), subject=subject, body=body
    )
    return CheckRequest(
        values=values, base=Path("/"), mail=mail, extra=0, prove=ProofRequest(**(proof | more))
    )


async def outcome(request: CheckRequest) -> Verdict:
    """Run to the verdict."""
    async with aclosing(checks_prove.run(request)) as updates:
        async for update in updates:
            if isinstance(update, Verdict):
                return update
    raise AssertionError("no verdict")


def arrival_of(verdict: Verdict) -> ArrivalProof:
    """The proof in a verdict."""
    assert verdict.delivery is not None
    assert verdict.delivery.arrival is not None
    return verdict.delivery.arrival


async def test_it_arrived_in_the_inbox(chain: DeliveryChain, names: NameServer) -> None:
    verdict = await outcome(request_of(chain, names, INBOX))
    proof = arrival_of(verdict)
    assert (verdict.ok, verdict.cause, verdict.warnings) == (True, None, ())
    assert verdict.summary.startswith(
        f"The message arrived in INBOX of {ALICE.name} at localhost, seen "
    )
    assert (proof.found, proof.place, proof.removed) == (True, "inbox", False)
    assert proof.seconds is not None
    assert 0 < proof.seconds < 20
    assert [hop.by for hop in proof.hops] == [RELAY, RECEIVER, RECEIVER]
    assert all(hop.seconds is not None for hop in proof.hops)
    (signature,) = proof.dkim
    assert (signature.domain, signature.outcome) == ("sender.test", "pass")
    assert ("dkim", "pass") in {(each.method, each.result) for each in proof.results}
    assert (proof.aligned, proof.aligned_by, proof.disbelieved) == (True, "dkim", ())


async def test_it_arrived_in_the_junk_folder_and_is_removed_only_if_asked(
    chain: DeliveryChain, names: NameServer
) -> None:
    files = chain.mailboxes.files_of(ALICE.name, "Junk")
    verdict = await outcome(request_of(chain, names, JUNK))
    kept = chain.mailboxes.files_of(ALICE.name, "Junk")
    assert (verdict.ok, verdict.warnings) == (True, ("arrived-in-junk",))
    assert verdict.warning_texts[0].endswith("Its header shows no reason.")
    assert arrival_of(verdict).place == "junk"
    assert len(kept) == len(files) + 1
    verdict = await outcome(request_of(chain, names, JUNK, removes=True))
    assert arrival_of(verdict).removed
    assert len(chain.mailboxes.files_of(ALICE.name, "Junk")) == len(kept)


async def test_it_was_changed_on_the_way_to_the_junk_folder(
    chain: DeliveryChain, names: NameServer
) -> None:
    verdict = await outcome(request_of(chain, names, JUNK, body=f"{FOOTER}\n"))
    (signature,) = arrival_of(verdict).dkim
    assert signature.outcome == "body"
    assert verdict.warning_texts[0].endswith(
        "Seen: the DKIM signature of sender.test is not valid; mail.example.test found dkim=fail."
    )


async def test_a_rule_moved_it_to_a_folder_of_its_own(
    chain: DeliveryChain, names: NameServer
) -> None:
    proof = arrival_of(await outcome(request_of(chain, names, ARCHIVED, within=4.0)))
    assert (proof.folder, proof.place) == ("Archive", "other")


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (FORGED, f"it names {RECEIVER}, but stands where a sender can write"),
        (FORGED_ELSEWHERE, f"{ELSEWHERE} is not known to be the receiving server"),
    ],
)
async def test_a_forged_field_is_not_believed(
    chain: DeliveryChain, names: NameServer, subject: str, reason: str
) -> None:
    proof = arrival_of(await outcome(request_of(chain, names, INBOX, subject=subject)))
    assert proof.disbelieved == (reason,)
    assert {value for each in proof.results for _, value in each.properties}.isdisjoint(
        {"bank.example"}
    )
    assert {each.by for each in proof.results} == {RECEIVER}


async def test_it_came_late(
    chain: DeliveryChain, names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    async def release_at_each_look(*words: Any, **more: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(prove(*words, **more)) as found:
            async for look in found:
                if isinstance(look, Look):
                    looks.append(look)
                    chain.flush()
                yield look

    monkeypatch.setattr(checks_prove, "prove", release_at_each_look)
    verdict = await outcome(request_of(chain, names, LATE))
    assert (verdict.ok, arrival_of(verdict).place) == (True, "inbox")
    assert looks


async def test_it_is_still_in_the_queue_when_the_time_is_over(
    chain: DeliveryChain, names: NameServer
) -> None:
    began = time.monotonic()
    verdict = await outcome(request_of(chain, names, LATE, within=2.0))
    assert 2 <= time.monotonic() - began < 8
    assert (verdict.ok, verdict.stage, verdict.cause) == (False, "message", "arrival-not-seen")
    assert not arrival_of(verdict).found
    chain.flush()


async def test_it_was_greylisted_first(chain: DeliveryChain, names: NameServer) -> None:
    verdict = await outcome(request_of(chain, names, GREYLISTED))
    proof = arrival_of(verdict)
    assert (verdict.ok, proof.place) == (True, "inbox")
    assert proof.seconds is not None
    assert proof.seconds > 0.9
    assert "Greylisted" in chain.relay.log


async def test_it_never_comes(chain: DeliveryChain, names: NameServer) -> None:
    verdict = await outcome(request_of(chain, names, DISCARDED, within=2.0))
    proof = arrival_of(verdict)
    assert (verdict.ok, verdict.cause) == (False, "arrival-not-seen")
    assert "within 2 s: it is not in INBOX, Junk" in verdict.summary
    assert "Archive" in proof.searched
    assert (proof.found, proof.seconds) == (False, None)


async def test_it_bounced_and_the_bounce_says_why(chain: DeliveryChain, names: NameServer) -> None:
    bounces = set(chain.mailboxes.files_of(ALICE.name))
    request = request_of(chain, names, UNKNOWN, sender=ALICE.name, within=3.0)
    verdict = await outcome(request)
    assert verdict.cause == "arrival-not-seen"
    (file,) = set(chain.mailboxes.files_of(ALICE.name)) - bounces
    report = await read_message(file.read_bytes(), Receiver(), None)
    assert report.bounce is not None
    (recipient,) = report.bounce.recipients
    assert (report.bounce.reporter, recipient.recipient) == (RELAY, UNKNOWN)
    assert (recipient.action, recipient.status) == ("failed", "5.1.1")
    assert recipient.explanation is not None
    assert recipient.explanation.cause == "recipient-refused"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret": "wrong"}, "logging in: [AUTHENTICATIONFAILED]"),
        ({"secret": None}, "no password is known for"),
        ({"address": parse_mailbox_address("imaps://a@127.0.0.1:1")}, "Connection refused"),
    ],
)
async def test_without_the_mailbox_nothing_is_sent(
    chain: DeliveryChain, names: NameServer, change: dict[str, Any], words: str
) -> None:
    before = chain.relay.log.count("message-id=")
    verdict = await outcome(request_of(chain, names, INBOX, **change))
    assert (verdict.ok, verdict.cause, verdict.stage) == (False, "prove-mailbox-failed", "settings")
    assert words in verdict.summary
    assert verdict.summary.endswith("nothing was sent.")
    assert "wrong" not in verdict.summary
    assert chain.relay.log.count("message-id=") == before


async def test_a_message_that_the_server_rejects_is_not_looked_for(
    chain: DeliveryChain, names: NameServer
) -> None:
    began = time.monotonic()
    verdict = await outcome(request_of(chain, names, REJECTED, within=60.0))
    assert (verdict.stage, verdict.delivery) == ("envelope", None)
    assert time.monotonic() - began < 30
