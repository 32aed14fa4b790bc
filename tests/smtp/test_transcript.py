"""The lines that tell of each event."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.smtp.certificates import Certificate, unreadable_certificate
from smtp_tui.smtp.der import CertificatePublicKey
from smtp_tui.smtp.events import (
    AuthStarted,
    Connected,
    Connecting,
    DialogueNote,
    Event,
    Experiment,
    Finished,
    Received,
    Resolved,
    Sent,
    ServerCapabilities,
    Stage,
    StageEntered,
    TlsEstablished,
    TlsFailed,
    WarningId,
)
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.transcript import endpoint, lines_of
from tests.table import table


def told(event: Event) -> list[str]:
    return [f"{line.mark} {line.text}" for line in lines_of(event)]


def is_safe(text: str) -> bool:
    return not {unicodedata.category(letter) for letter in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def certificate(*names: str, days: float = 30.5) -> Certificate:
    now = datetime.now(UTC)
    return Certificate(
        subject="CN=mail",
        names=names,
        issuer="CN=Test CA",
        not_before=now - timedelta(days=60),
        not_after=now + timedelta(days=days),
        sha256="ab",
        has_san=bool(names),
        key=CertificatePublicKey("EC", 256, "P-256"),
        signature="ecdsa-with-SHA256",
    )


def established(*chain: Certificate) -> TlsEstablished:
    return TlsEstablished(
        seconds=0, version="TLSv1.3", cipher="TLS_AES", verified=True, chain=chain
    )


@table(
    ("event", "lines"),
    [
        (StageEntered(seconds=0, stage=Stage.AUTH), []),
        (Finished(seconds=0, stage=Stage.AUTH, detail="done"), []),
        (
            Resolved(seconds=0, host="mail.test", addresses=("::1", "127.0.0.1")),
            [" * mail.test resolves to ::1, 127.0.0.1"],
        ),
        (Resolved(seconds=0, host="127.0.0.1", addresses=("127.0.0.1",)), []),
        (
            Connecting(seconds=0, address="127.0.0.1", port=25),
            [" * connecting to 127.0.0.1 port 25"],
        ),
        (
            Connected(seconds=0, address="::1", port=25, local_address="::2"),
            [" * connected to [::1]:25 from ::2"],
        ),
        (Sent(seconds=0, text="EHLO me.test"), ["-> EHLO me.test"]),
        (Received(seconds=0, reply=Reply(220, (b"hello",))), ["<- 220 hello"]),
        (Received(seconds=0, reply=Reply(220, (b"",))), ["<- 220"]),
        (
            Received(seconds=0, reply=Reply(250, (b"mail", b"", b"SIZE"))),
            ["<- 250-mail", "<- 250-", "<- 250 SIZE"],
        ),
        (
            Received(seconds=0, reply=Reply(334, (b"VXNlcg==",)), decoded="User\r\n"),
            ["<- 334 VXNlcg==", r" * the challenge says: User\x0d\x0a"],
        ),
        (established(), [" * TLSv1.3 TLS_AES"]),
        (
            established(unreadable_certificate(b"")),
            [
                " * TLSv1.3 TLS_AES",
                " * an unreadable certificate",
                " *   SHA-256 fingerprint:",
                " *   E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:",
                " *   27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55",
            ],
        ),
        (
            TlsFailed(seconds=0, chain=(unreadable_certificate(b""),)),
            [
                " * the handshake failed; the server had sent",
                " * an unreadable certificate",
                " *   SHA-256 fingerprint:",
                " *   E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:",
                " *   27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55",
            ],
        ),
        (
            ServerCapabilities(
                seconds=0, encrypted=True, keywords=(("AUTH", "X Y"),), mechanisms=("X", "Y")
            ),
            [" * mechanisms offered inside TLS: X Y"],
        ),
        (
            ServerCapabilities(seconds=0, encrypted=False, keywords=(), mechanisms=()),
            [" * mechanisms offered without TLS: none"],
        ),
        (
            AuthStarted(seconds=0, mechanism="PLAIN", reason="the settings name it"),
            [" * authenticating with PLAIN: the settings name it"],
        ),
        (DialogueNote(seconds=0, text="by the way"), [" * by the way"]),
        (DialogueNote(seconds=0, text="take care", warning=WarningId.LINK_OPEN), [" ! take care"]),
        (
            Experiment(seconds=0, name="hello", outcome="ok", text="it speaks TLS"),
            [" * it speaks TLS"],
        ),
    ],
)
def test_lines(event: Event, lines: list[str]) -> None:
    assert told(event) == lines


def test_certificate_lines() -> None:
    shown = certificate("mail.test", "127.0.0.1")
    assert told(established(shown))[1:] == [
        " * certificate for mail.test, 127.0.0.1",
        " *   issued by CN=Test CA",
        f" *   valid {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d}, 30 days left",
        " *   EC P-256, signed with ecdsa-with-SHA256; SHA-256 fingerprint:",
        " *   AB",
    ]
    above = told(established(shown, certificate()))[6:]
    assert above[:2] == [" * next in the chain: CN=mail", " *   issued by CN=Test CA"]
    unknown = told(established(replace(shown, key=None)))
    assert unknown[4] == " *   cannot read its key and signature; SHA-256 fingerprint:"
    assert told(established(certificate()))[1] == " * certificate for CN=mail"
    assert told(established(certificate(days=-2.5)))[3].endswith(", expired 2 days ago")


def test_a_line_has_its_time_and_mark() -> None:
    assert [str(line) for line in lines_of(Sent(seconds=1.25, text="QUIT"))] == ["   1.250 -> QUIT"]


def test_markup_is_only_text() -> None:
    text = "[red]x[/red] [/] [link=file:///]y [bold"
    assert told(Received(seconds=0, reply=Reply(250, (text.encode(),)))) == [f"<- 250 {text}"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [("127.0.0.1", "127.0.0.1 port 587"), ("fe80::1%lo", "[fe80::1%lo]:587")],
)
def test_endpoint(address: str, shown: str) -> None:
    assert endpoint(address, 587) == shown


@given(st.lists(st.binary().filter(lambda line: b"\n" not in line), min_size=1))
def test_any_reply_gives_one_safe_line_for_each_of_its_own(lines: list[bytes]) -> None:
    shown = told(Received(seconds=0, reply=Reply(250, tuple(lines))))
    assert len(shown) == len(lines)
    assert all(is_safe(line) for line in shown)


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_is_told_in_one_safe_line(host: str, text: str) -> None:
    events: list[Event] = [
        Resolved(seconds=0, host=host, addresses=(text, host)),
        Connected(seconds=0, address=host, port=25, local_address=text),
        Sent(seconds=0, text=text),
        DialogueNote(seconds=0, text=text),
        AuthStarted(seconds=0, mechanism=host, reason=text),
        Experiment(seconds=0, name=host, outcome=host, text=text),
    ]
    for event in events:
        (line,) = lines_of(event)
        assert is_safe(str(line))


def test_lists_that_a_server_or_dns_makes_long_are_counted() -> None:
    addresses = tuple(f"192.0.2.{number}" for number in range(200))
    mechanisms = tuple(f"X-{number}" for number in range(5000))
    events: list[Event] = [
        Resolved(seconds=0, host="a.example", addresses=addresses),
        ServerCapabilities(seconds=0, encrypted=False, keywords=(), mechanisms=mechanisms),
        Received(seconds=0, reply=Reply(334, (b"eHg=",)), decoded="x" * 9000),
    ]
    lines = [line.text for event in events for line in lines_of(event)]
    assert max(map(len, lines)) < 1100
    assert lines[0].endswith(" and 184 more")
    assert lines[1].endswith(" and 4968 more")
