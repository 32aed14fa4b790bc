"""Recordings: what they hold, what they must not hold, and what a damaged one comes to."""

from __future__ import annotations

import contextlib
import json
import re
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtp_tui.checks.exit_status import exit_status, verdict_lines
from smtp_tui.checks.jsonlines import LINES, json_line
from smtp_tui.checks.record_codec import decode, encode
from smtp_tui.checks.recording import (
    LARGEST,
    NAMES,
    VERSION,
    RecordingError,
    parse_recording,
    read_recording,
    recording_text,
)
from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.dialects.spec import DialectRecognition
from smtp_tui.demo.replay_script import NothingToPlayError, script_of
from smtp_tui.diagnosis.comparison import Comparison, Difference, PlaceSummary
from smtp_tui.diagnosis.delivery import (
    ArrivalProof,
    AuthenticationResult,
    DeliveryState,
    DeliverySummary,
    DkimResult,
    Handover,
)
from smtp_tui.diagnosis.delivery import Hop as DeliveryHop
from smtp_tui.diagnosis.egress import AddressEgress, Conclusion, Egress
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.providers.hosting import hosting_providers
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.der import CertificatePublicKey
from smtp_tui.smtp.port_probe import PortOutcome, PortReply, ProbedAddress, RouterHop
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.transcript import lines_of
from tests.recordings import FILES, FOLDER
from tests.table import table

ONE = (FOLDER / "postfix-wrong-password.jsonl").read_text(encoding="utf-8")
MOMENT = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)


@table("file", FILES, ids=lambda file: file.stem)
def test_each_recording_has_the_cause_that_it_had(file: Path) -> None:
    recording = read_recording(file)
    now, then = recording.diagnosed, recording.verdict
    assert (now.ok, now.stage, now.cause) == (then.ok, then.stage, then.cause)
    assert recording.change == ""
    assert exit_status(now) == exit_status(then)
    # What is shown is what was shown, and what a new recording of it would hold.
    assert encode(recording.events) == [
        {key: value for key, value in json.loads(line).items() if key != "event"}
        for line in file.read_text(encoding="utf-8").splitlines()[1:-1]
    ]


@table("file", FILES, ids=lambda file: file.stem)
def test_nothing_of_a_recording_reaches_a_terminal_unescaped(file: Path) -> None:
    recording = read_recording(file)
    shown = [str(line) for event in recording.events for line in lines_of(event)]
    shown += [*verdict_lines(recording.verdict), recording.title]
    assert all(line.isprintable() for line in shown)
    for event in (*recording.events, recording.verdict):
        assert (json_line(event, None, None) or "").isascii()


def test_every_event_has_a_name_and_those_of_json_keep_theirs() -> None:
    assert set(NAMES.values()) == set(events.Event.__args__)
    framing = {"stage", "recipient", "queued", "finished", "tls-failed"}
    assert set(NAMES) - framing <= set(LINES)


def with_verdict(**more: Any) -> str:
    """The recording with other values in its verdict."""
    *lines, last = ONE.splitlines()
    return "\n".join([*lines, json.dumps(json.loads(last) | more)])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", r"is damaged in line 1"),
        (ONE.splitlines()[0], "is damaged: it ends before the verdict"),
        ("\n".join(ONE.splitlines()[:-1]), "is damaged: it ends before the verdict"),
        (ONE[: len(ONE) // 2], r"is damaged in line \d+: it is no JSON object"),
        (
            ONE.replace('"version": 1', '"version": 2', 1),
            "is of a newer smtp-tui: its version is 2",
        ),
        (ONE.replace('"version": 1', '"version": "1"', 1), "version has a value of another type"),
        (
            ONE.replace('"code": 220', '"code": true', 1),
            r"in line \d+: code has a value of another",
        ),
        (ONE.replace('"seconds": 0', '"seconds": -1', 1), "its time is impossible"),
        (
            ONE.replace('"seconds": 0.', '"seconds": 1e400, "x": 0.', 1),
            "seconds has a value of another type",
        ),
        (with_verdict(stage="lunch"), "has an unknown stage in line"),
        (with_verdict(warnings=["too-hot"]), "has an unknown warnings in line"),
        (with_verdict(summary=None), "summary has a value of another type"),
        ("[" * 100_000, "it is no JSON object"),
        ('{"event": "recording", "version": 1}', "program is missing"),
    ],
    ids=range(14),
)
def test_what_is_no_recording_gives_one_line(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=why) as caught:
        parse_recording(text)
    assert "\n" not in str(caught.value)
    file = tmp_path / "damaged"
    file.write_text(text)
    with pytest.raises(RecordingError) as caught:
        read_recording(file)
    assert str(file) in str(caught.value)


def test_a_file_that_cannot_be_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read: no such file"):
        read_recording(tmp_path / "none")
    file = tmp_path / "other"
    file.write_text("[smtp]\n")
    with pytest.raises(RecordingError, match="is not a recording of smtp-tui"):
        read_recording(file)
    file.write_bytes(ONE.encode() + b"\xff")
    with pytest.raises(RecordingError, match="is not UTF-8"):
        read_recording(file)
    with file.open("w") as stream:
        stream.write(ONE)
        stream.truncate(LARGEST + 1)
    with pytest.raises(RecordingError, match="is larger than 16 MiB"):
        read_recording(file)


def test_a_later_recording_of_this_version_may_hold_more() -> None:
    first, *rest = ONE.splitlines()
    head = json.dumps(json.loads(first) | {"weather": "fine"})
    text = "\n".join([head, '{"event": "of-the-future", "seconds": 0}', *rest])
    assert parse_recording(text).verdict.cause == "auth-rejected"
    assert VERSION == 1


def test_a_verdict_that_is_made_up_cannot_move_the_cursor() -> None:
    recording = parse_recording(with_verdict(summary="\x1b[2J\nPASSED", why="\u202e", cause="\x07"))
    assert all(line.isprintable() for line in verdict_lines(recording.verdict))
    # The events show another cause, which is said.
    assert recording.change.startswith("This version of smtp-tui finds another cause: ")


def test_a_certificate_is_shown_as_it_was_when_it_was_seen() -> None:
    recording = read_recording(FOLDER / "postfix-login.jsonl")
    tls = next(each for each in recording.events if isinstance(each, events.TlsEstablished))
    assert tls.certificate
    left = tls.certificate.not_after - recording.check.moment
    assert tls.certificate.left() == left
    assert tls.certificate.left(datetime(2099, 1, 1, tzinfo=UTC)) == left


def recorded(values: dict[str, Any], *happened: events.Event, **more: Any) -> str:
    """The recording of a check that ended without a connection."""
    end = events.Finished(seconds=0, stage=events.Stage.RESOLVE, fault=events.Cause.HOST_NOT_FOUND)
    verdict = Verdict(
        seconds=0, ok=False, stage=end.stage, cause="host-not-found", summary="There is no host."
    )
    request = CheckRequest(values=values, base=Path())
    return recording_text(request, [*happened, end], verdict, MOMENT, **more)


def test_settings_that_hold_a_secret_are_not_kept() -> None:
    values: dict[str, Any] = {
        "host": "mail.example",
        "username": "tok-3f9a8b",
        "password": "tok-3f9a8b",
        "authentication": "plain",
    }
    text = recorded(values)
    assert "tok-3f9a8b" not in text
    check = parse_recording(text).check
    assert check.login == "literal"
    assert check.settings
    assert set(check.settings) == {"host", "username", "authentication"}
    values["password"] = {"command": ["vault", "read", "-token=s.abcdef"]}
    assert "s.abcdef" not in recorded(values)
    values["proxy"] = "socks5://me:pr0xy-secret@127.0.0.1:1080"
    assert "pr0xy-secret" not in recorded(values)


def test_settings_that_cannot_be_used_are_not_kept() -> None:
    text = recorded({"host": "mail.example", "port": "hunter2-in-the-wrong-field"})
    assert "hunter2" not in text
    recording = parse_recording(text)
    assert recording.settings is None
    assert recording.verdict.cause == "host-not-found"


def test_the_home_folder_is_not_kept() -> None:
    note = events.DialogueNote(seconds=0, text="reading /home/me/ca.pem and /home/mean/ca.pem")
    text = recorded({"host": "a.example", "ca_file": "/home/me/ca.pem"}, note, home="/home/me")
    assert not re.search(r"/home/me\b", text)
    assert "~/ca.pem and /home/mean/ca.pem" in text


def test_what_follows_the_dialogue_is_kept() -> None:
    """A bounce ends the check, not the dialogue: only the verdict's facts have it."""
    text = (FOLDER / "postfix-accepts-a-message.jsonl").read_text(encoding="utf-8")
    passed = parse_recording(text)
    facts = passed.verdict.facts
    assert facts
    end = events.Finished(
        seconds=1,
        stage=events.Stage.MESSAGE,
        fault=events.Cause.DELIVERY_BOUNCED,
        detail="bob@elsewhere.example: rejected",
    )
    facts.finished = end
    verdict = Verdict(
        seconds=1,
        ok=False,
        stage=end.stage,
        cause="delivery-bounced",
        summary="x",
        facts=facts,
    )
    again = parse_recording(recording_text(None, passed.events, verdict, MOMENT))
    assert again.events[-1] == end


def test_bytes_that_are_no_text_survive() -> None:
    reply = Reply(250, (b"\xff\xfe ok", b"\xc3\xa9"))
    assert decode(Reply, json.loads(json.dumps(encode(reply)))) == reply


CERTIFICATE = Certificate(
    subject="CN=mail.example",
    names=("mail.example", "192.0.2.1"),
    issuer="CN=CA",
    not_before=MOMENT,
    not_after=MOMENT,
    sha256="0" * 64,
    has_san=True,
    addresses=("192.0.2.1",),
    key=CertificatePublicKey(type="EC", bits=256, curve="P-256"),
)
HERE = Verdict(seconds=1, ok=False, stage=events.Stage.TLS, cause="x", summary="It fails here.")
# A verdict with all that a check from a place, a followed message and a proof can add to it.
WHOLE = Verdict(
    seconds=1.5,
    ok=False,
    stage=events.Stage.CONNECT,
    cause="connect-timeout",
    summary="No answer.",
    why="Why.",
    cure="Do.",
    also=("a", "b"),
    warnings=(events.WarningId.LINK_OPEN,),
    warning_texts=("The connection is open.",),
    reply=Reply(550, (b"5.1.1 no", b"such user")),
    fixes=(Fix(field="port", value=587, why="It answers.", more={"encryption": "tls"}),),
    problems=("SMTP Port (port): is wrong",),
    egress=Egress(
        addresses=(
            AddressEgress(
                address="192.0.2.1",
                conclusion=Conclusion.BLOCKED,
                ports=(PortReply(25, PortOutcome.SILENT), PortReply(587, PortOutcome.OPEN)),
                router=RouterHop("192.0.2.254", 3),
            ),
        ),
        provider=hosting_providers()[0],
    ),
    recognition=DialectRecognition("plain", None, "nothing points to another"),
    comparison=Comparison(
        place=PlaceSummary(
            kind="container",
            name="web",
            engine="docker",
            pid=1,
            command="app",
            user=0,
            runtime="OpenSSL",
            trusts=("/etc/ssl",),
            certificates=None,
            name_servers=("192.0.2.53",),
        ),
        here=HERE,
        differences=(
            Difference(
                id="d", stage=events.Stage.TLS, what="A.", why="B.", cure="C.", explains=True
            ),
        ),
        not_compared=("the TLS library",),
        fails_here_too=True,
    ),
    delivery=DeliverySummary(
        handovers=(Handover(recipient="a@b.example", state=DeliveryState.SENT, delays=(0.1, 0.2)),),
        arrival=ArrivalProof(
            found=True,
            place="junk",
            hops=(DeliveryHop(by="mx.example", at=MOMENT),),
            results=(
                AuthenticationResult(
                    by="mx", method="spf", result="pass", properties=(("a", "b"),)
                ),
            ),
            dkim=(DkimResult(domain="b.example", selector="s", outcome="pass"),),
        ),
        seconds=2.0,
    ),
)


def test_a_verdict_with_everything_survives() -> None:
    raw = json.loads(json.dumps(encode(WHOLE)))
    assert decode(Verdict, raw) == WHOLE
    assert [*verdict_lines(decode(Verdict, raw))] == [*verdict_lines(WHOLE)]


@table(
    "event",
    [
        events.TlsFailed(seconds=0, chain=(CERTIFICATE,)),
        events.TlsEstablished(
            seconds=0, version="TLSv1.3", cipher="x", verified=False, chain=(CERTIFICATE,)
        ),
        events.Experiment(
            seconds=0,
            name="egress",
            outcome="egress-open",
            text="x",
            change=(("port", 465), ("starttls_auto", True)),
            probed=ProbedAddress(
                address="192.0.2.1",
                port=25,
                replies=(PortReply(25, PortOutcome.REJECTED, "192.0.2.9"),),
                passing_port=587,
                stopped_at=RouterHop("192.0.2.254", 3),
            ),
        ),
        events.Finished(
            seconds=0,
            stage=events.Stage.TLS,
            fault=events.Cause.CERTIFICATE_EXPIRED,
            also=(events.Cause.CERTIFICATE_WEAK,),
            certificate=CERTIFICATE,
        ),
        events.Resolved(seconds=0, host="a", addresses=("::1",), is_proxy=True),
        events.MessageQueued(seconds=0, queue_id=None),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_with_everything_survives(event: events.Event) -> None:
    assert decode(type(event), json.loads(json.dumps(encode(event)))) == event


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [(*path, key) for key, _ in inner]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        if isinstance(item, dict | list):
            found += places_in(item, (*path, key))
    return found


ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    1e308,
    "",
    "\x1b[2J",
    "\udcff\u202e\n",
    [],
    {},
    [[]],
    "1" * 5000,
]
LONG = [
    [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] for file in FILES
]


@pytest.mark.integration
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_recording_that_somebody_changed_breaks_nothing(data: st.DataObject) -> None:
    lines = deepcopy(data.draw(st.sampled_from(LONG)))
    line = data.draw(st.sampled_from(lines))
    *path, last = data.draw(st.sampled_from(places_in(line)))
    for key in path:
        line = line[key]
    line[last] = data.draw(st.sampled_from(ODD))
    try:
        recording = parse_recording("\n".join(map(json.dumps, lines)))
    except RecordingError as error:
        shown = [str(error)]
    else:
        shown = [str(line) for event in recording.events for line in lines_of(event)]
        shown += [*verdict_lines(recording.verdict), recording.title, recording.change]
        with contextlib.suppress(NothingToPlayError):
            script_of(recording.events)
    assert all(line.isprintable() for line in shown)
