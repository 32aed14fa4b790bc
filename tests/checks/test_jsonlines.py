"""JSON Lines: the contract's keys, always there, in ASCII, one object a line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from smtp_tui.checks.jsonlines import VERSION, json_line
from smtp_tui.diagnosis.verdict import Fix, Recipient, TlsSummary, Verdict
from smtp_tui.program import main
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    AuthStarted,
    Connected,
    Connecting,
    DialogueNote,
    Event,
    Experiment,
    Finished,
    Followed,
    MessageQueued,
    Received,
    RecipientReply,
    Resolved,
    Sent,
    ServerCapabilities,
    Stage,
    StageEntered,
    TlsEstablished,
    TlsFailed,
    WarningId,
)
from tests.diagnosis.examples import CERTIFICATE, reply
from tests.table import table

COMMON = {"event", "file", "table", "seconds"}
VERDICT_KEYS = {
    *("event", "schema", "file", "table", "ok", "stage", "cause", "also", "warnings"),
    *("summary", "why", "to_do", "reply"),
    *("protocol", "fixes", "address", "tls", "mechanisms", "recipients", "queue_id", "seconds"),
    *("application", "comparison", "egress", "delivery"),
}
TLS_KEYS = {"version", "cipher", "verified", "peer_would", "certificate"}
CERTIFICATE_KEYS = {"subject", "names", "names_omitted", "issuer", "not_after", "sha256"}

EVENTS: list[tuple[Event, str, set[str]]] = [
    (
        Resolved(seconds=0.1, host="mail.example", addresses=("192.0.2.1",)),
        "resolved",
        {"host", "addresses"},
    ),
    (Connecting(seconds=0.1, address="192.0.2.1", port=587), "connecting", {"address", "port"}),
    (
        Connected(seconds=0.1, address="192.0.2.1", port=587, local_address="192.0.2.9"),
        "connected",
        {"address", "port", "local_address", "via"},
    ),
    (Sent(seconds=0.1, text="EHLO x"), "sent", {"text"}),
    (
        Received(seconds=0.1, reply=reply(250, "2.0.0 ok"), decoded=None),
        "received",
        {"code", "enhanced", "text", "decoded"},
    ),
    (
        TlsEstablished(
            seconds=0.1, version="TLSv1.3", cipher="X", verified=True, chain=(CERTIFICATE,)
        ),
        "tls",
        {"version", "cipher", "verified", "certificate", "chain"},
    ),
    (
        TlsFailed(seconds=0.1, chain=(CERTIFICATE,)),
        "tls",
        {"version", "cipher", "verified", "certificate", "chain"},
    ),
    (
        ServerCapabilities(seconds=0.1, encrypted=False, keywords=(("SIZE", "1"),), mechanisms=()),
        "capabilities",
        {"encrypted", "keywords", "mechanisms"},
    ),
    (
        AuthStarted(seconds=0.1, mechanism="PLAIN", reason="named"),
        "auth",
        {"mechanism", "reason"},
    ),
    (DialogueNote(seconds=0.1, text="ä", warning=WarningId.LINK_OPEN), "note", {"text", "warning"}),
    (
        Experiment(seconds=0.1, name="verify-peer", outcome="ok", text="t"),
        "experiment",
        {"name", "outcome", "text"},
    ),
    (
        Followed(
            seconds=0.1,
            recipient="a@b.example",
            state="sent",
            sentence="handed on",
            relay="mx",
            enhanced="2.0.0",
            text="250 ok",
            queue_ids=("A1",),
            cause=None,
            is_local=False,
        ),
        "followed",
        {"recipient", "state", "relay", "enhanced", "text", "queue_ids", "cause", "local"},
    ),
]


def written(told: Event | Verdict, file: str | None = None, table: str | None = None) -> Any:
    """The object of a line, which must be one line of ASCII."""
    line = json_line(told, file, table)
    assert line is not None
    assert line.isascii()
    assert line.isprintable()
    return json.loads(line)


def verdict(**more: Any) -> Verdict:
    """A verdict of which little is known."""
    return Verdict(
        seconds=0.21, ok=False, stage=Stage.AUTH, cause="auth-rejected", summary="No.", **more
    )


def _named(one: object) -> str:
    """Name a test's part; a set's own words come in another order in each process."""
    return "-".join(sorted(one)) if isinstance(one, set) else str(one)[:12]


@table(("event", "name", "keys"), EVENTS, ids=_named)
def test_events(event: Event, name: str, keys: set[str]) -> None:
    content = written(event, "mail.toml", "smtp")
    assert set(content) == COMMON | keys
    assert (content["event"], content["file"], content["table"]) == (name, "mail.toml", "smtp")
    assert content["seconds"] == 0.1


def test_every_event_is_among_them() -> None:
    framing = {StageEntered, RecipientReply, MessageQueued, Finished}
    assert {type(event) for event, _, _ in EVENTS} | framing == set(Event.__args__)


def test_what_only_frames_the_dialogue_is_left_out() -> None:
    assert json_line(StageEntered(seconds=0, stage=Stage.EHLO), None, None) is None
    assert json_line(Finished(seconds=0, stage=Stage.EHLO), None, None) is None
    assert json_line(MessageQueued(seconds=0, queue_id="A1"), None, None) is None
    answered = RecipientReply(seconds=0, recipient="a@b.example", reply=reply(250, "ok"))
    assert json_line(answered, None, None) is None


def test_a_bare_verdict_has_every_key() -> None:
    content = written(verdict())
    assert set(content) == VERDICT_KEYS
    empty = ("file", "table", "why", "to_do", "reply", "protocol", "address", "tls", "queue_id")
    assert content["egress"] is None
    assert [content[key] for key in empty] == [None] * len(empty)
    lists = ("also", "warnings", "fixes", "mechanisms", "recipients")
    assert [content[key] for key in lists] == [[]] * len(lists)
    assert content["seconds"] == 0.21
    assert content["schema"] == VERSION


def test_the_verdict_says_in_json_what_people_read(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "port=1", "--no-experiments")
    for more in ((), ("--set", "encryption=tsl")):
        main([*words, *more, "--json"])
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        main([*words, *more])
        lines = capsys.readouterr().out.splitlines()
        assert told["why"] is not None
        assert f"  Why: {told['why']}" in lines
        assert told["to_do"] is not None
        assert f"  To do: {told['to_do']}" in lines
        assert any(line.endswith(f": {told['summary']}") for line in lines)


def test_a_whole_verdict() -> None:
    tls = TlsSummary(
        version="TLSv1.3", cipher="X", verified=True, peer_would=None, certificate=CERTIFICATE
    )
    content = written(
        verdict(
            also=("certificate-expired",),
            warnings=(WarningId.LINK_OPEN,),
            reply=reply(535, "5.7.8 first", "5.7.8 \xff second"),
            protocol="HTTP",
            fixes=(Fix(field="port", value=465, why="so", more={"encryption": "ssl"}),),
            address="192.0.2.1",
            tls=tls,
            mechanisms=("PLAIN",),
            recipients=(Recipient(address="a@b", code=250, text="ok"),),
            queue_id="4F",
        )
    )
    assert content["also"] == ["certificate-expired"]
    assert content["warnings"] == ["link-open"]
    assert content["reply"] == {
        "code": 535,
        "enhanced": "5.7.8",
        "text": "5.7.8 first\n5.7.8 ÿ second",
    }
    assert content["fixes"] == [
        {
            "field": "port",
            "value": 465,
            "more": {"encryption": "ssl"},
            "why": "so",
            "weakens": False,
            "signs_in": False,
        }
    ]
    assert set(content["tls"]) == TLS_KEYS
    assert content["tls"]["peer_would"] is None
    assert set(content["tls"]["certificate"]) == CERTIFICATE_KEYS
    assert content["tls"]["certificate"]["not_after"] == "2026-04-02T03:04:00+00:00"
    assert content["recipients"] == [{"address": "a@b", "code": 250, "text": "ok"}]


def test_success_has_no_cause() -> None:
    content = written(replace(verdict(), ok=True, cause=None))
    assert content["cause"] is None
    assert content["ok"] is True


def test_a_fix_without_more_and_tls_without_certificate() -> None:
    fix = Fix(field="username", value=None, why="so")
    content = written(verdict(fixes=(fix,), tls=TlsSummary()))
    assert content["fixes"][0]["more"] is None
    assert content["fixes"][0]["value"] is None
    assert content["tls"]["certificate"] is None


def test_bytes_that_are_no_text_stand_as_escapes() -> None:
    from smtp_tui.smtp.replies import Reply

    content = written(Received(seconds=0, reply=Reply(250, (b"caf\xe9 \x1b[2J",))))
    assert content["text"] == "caf\\xe9 \x1b[2J"


def test_names_that_are_no_unicode() -> None:
    assert written(verdict(), file="mail\udcff.toml")["file"] == "mail\udcff.toml"
    assert isinstance(CERTIFICATE, Certificate)
