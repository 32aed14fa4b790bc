"""A report holds what a ticket needs, no secret, and no markup of a server's."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from smtp_tui import __version__
from smtp_tui.checks.report import TITLE, ReportedCheck, report_markdown
from smtp_tui.diagnosis.comparison import Comparison, Difference, PlaceSummary
from smtp_tui.diagnosis.verdict import CheckSummary, Fix, Recipient, Verdict
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.certificates import Certificate, unreadable_certificate
from smtp_tui.smtp.der import CertificatePublicKey
from smtp_tui.smtp.events import (
    DialogueNote,
    Event,
    Received,
    Sent,
    Stage,
    TlsEstablished,
    TlsFailed,
    WarningId,
)
from tests.checks.test_markdown import HOSTILE, tokens
from tests.diagnosis.examples import CERTIFICATE, connected, reply, settings
from tests.smtp.playing import EHLO, GREETING, SECRET, USER, forms_of, play
from tests.table import table

MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)

# What a report is made of; links, images and HTML are not among it.
PARTS = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text"),
    *("code_inline", "fence", "bullet_list_open", "bullet_list_close", "strong_open"),
    *("ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close"),
    *("strong_close", "softbreak"),
}


def verdict(**more: Any) -> Verdict:
    whole: dict[str, Any] = {
        "seconds": 0.21,
        "ok": False,
        "stage": Stage.AUTH,
        "cause": "auth-rejected",
        "summary": "The server rejects username or password: 535 no.",
        **more,
    }
    return Verdict(**whole)


def report(events: Sequence[Event] = (), told: Verdict | None = None, **more: Any) -> str:
    """The report of one check, its settings among what `more` may hold."""
    values = {"settings": settings(), **more}
    facts = CheckSummary()
    for event in events:
        facts.add(event)
    with_facts = replace(told or verdict(), facts=facts)
    checked = ReportedCheck(events=tuple(events), verdict=with_facts, **values)
    return report_markdown([checked], MOMENT)


def test_a_check_from_a_place_gives_no_advice_about_this_machine() -> None:
    place = PlaceSummary(
        kind="container",
        name="web",
        engine="podman",
        pid=4711,
        command="puma",
        user=0,
        runtime="OpenSSL",
        trusts=(),
        certificates=0,
        name_servers=(),
    )
    told = Difference(
        id="place-ca-empty",
        stage=Stage.TLS,
        what="Container web has no CA certificates.",
        why="A reason.",
        cure="A cure.",
        command="podman compose -f /srv/a.yml up -d web",
        explains=True,
    )
    comparison = Comparison(place=place, here=None, differences=(told,))
    text = report(told=verdict(why="No list here.", cure="Install it here.", comparison=comparison))
    assert "here." not in text
    assert "- command: `podman compose -f /srv/a.yml up -d web`" in text
    assert "nsenter --net=/proc/4711/ns/net swaks --server" in text
    assert "nsenter" not in report()


def headings(document: str) -> list[str]:
    """The headings as they are rendered."""
    found = tokens(document)
    return [inline.content for opening, inline in pairwise(found) if opening.type == "heading_open"]


HEADINGS = [
    *("Mail check by smtp-tui", "`mail.toml`, table `smtp`", "Settings", "Dialogue"),
    *("Certificates", "The same test with other programs", "swaks", "openssl", "curl"),
]


def test_everything_has_its_place() -> None:
    document = report(connected(), file="mail.toml", table="smtp")
    assert document.startswith(f"{TITLE}\n\n- checked: 2026-03-01 12:00:05 UTC\n")
    assert headings(document) == HEADINGS
    assert document.endswith("\n")
    assert not document.endswith("\n\n")
    for version in (__version__, ssl.OPENSSL_VERSION):
        assert f"`{version}`" in document
    assert "connected to 192.0.2.1 port 587 from 192.0.2.9" in document
    assert {token.type for token in tokens(document)} <= PARTS


def test_what_the_application_takes_by_itself_is_no_setting_of_the_file() -> None:
    lines = report(assumed=frozenset({"port", "timeout"})).split("\n")
    found = [line for line in lines if "application's default" in line]
    assert [line.partition(":")[0] for line in found] == ["- `port`", "- `timeout`"]


def test_settings_by_our_names_with_defaults_marked() -> None:
    values = {"port": 2525, "starttls_auto": True, "encryption": "none", "timeout": 5}
    document = report(settings=settings(**values, ca_file="~/ca.pem"))
    for line in (
        "- `host`: `mail.example`",
        "- `port`: `2525`",
        "- `starttls_auto`: `true`",
        "- `timeout`: `5`",
        "- `ca_file`: `~/ca.pem`",
        "- `tls_minimum`: `1.2` (default)",
        "- `domain`: this machine's FQDN or address (default)",
        "- `password`: none (default)",
    ):
        assert f"{line}\n" in document


@table(
    ("password", "shown"),
    [
        ("wonderland", "set, not shown"),
        ({"env": "MAIL_PASSWORD"}, '`{ env = "MAIL_PASSWORD" }`'),
        ({"keyring": "mail"}, '`{ keyring = "mail" }`'),
        ({"file": "~/secret"}, '`{ file = "~/secret" }`'),
        ({"command": ["pass", "show", "ü"]}, '`{ command = ["pass", "show", "ü"] }`'),
        ({"ask": True}, "`{ ask = true }`"),
    ],
)
def test_a_password_is_a_place_or_not_shown(password: object, shown: str) -> None:
    document = report(settings=settings(username="alice", password=password))
    assert f"- `password`: {shown}\n" in document
    assert "wonderland" not in document


def test_where_else_the_password_came_from() -> None:
    document = report(password_from="the variable SMTP_TUI_PASSWORD")
    assert "- the password of this check came from the variable `SMTP_TUI_PASSWORD`" in document


def test_without_settings_there_is_the_verdict() -> None:
    told = verdict(
        stage=Stage.SETTINGS,
        cause="settings-invalid",
        problems=("SMTP Port (port): 'x' is not a port", "Domain (domain): holds a space"),
    )
    document = report(told=told, settings=None)
    assert "The settings could not be used, so none are listed." in document
    assert "There was no dialogue." in document
    assert "- cannot be used: SMTP Port (port): 'x' is not a port" in document
    assert "other programs" not in document


def test_the_whole_verdict() -> None:
    told = verdict(
        why="It says so.",
        cure="Set port to 465.",
        also=("certificate-expired",),
        also_texts=("It expired.",),
        warnings=(WarningId.LINK_OPEN,),
        warning_texts=("The link is open.",),
        recipients=(Recipient(address="a@b.example", code=550, text="no\nway"),),
        queue_id="4F",
        fixes=(
            Fix(field="port", value=465, why="It is for TLS.", more={"encryption": "ssl"}),
            Fix(field="username", value=None, why="It wants one."),
            Fix(field="starttls_auto", value=False, why="So be it.", weakens=True),
            Fix(field="server_name", value="", why="It is odd.", trusts=True),
        ),
    )
    document = report(told=told)
    assert "**FAILED** at login after 0.21 s: The server" in document
    for line in (
        "- why: It says so.",
        "- to do: Set port to 465.",
        "- also: It expired.",
        "- warning: The link is open.",
        r"- recipient `a@b.example`: `550 no\x0away`",
        "- queued as `4F`",
        "- fix: set `port` to `465`, set `encryption` to `ssl`: It is for TLS.",
        "- fix: set `username`, to a value that only you know: It wants one.",
        "- fix: set `starttls_auto` to `false`: So be it. This weakens security.",
        "- fix: remove `server_name`: It is odd. First make sure that this is the right server.",
    ):
        assert f"{line}\n" in document
    assert "**PASSED** after 0.21 s: Fine." in report(
        told=verdict(ok=True, cause=None, summary="Fine.")
    )


def whole_chain() -> tuple[Certificate, ...]:
    key = CertificatePublicKey("EC", 256, "P-256")
    own = replace(CERTIFICATE, key=key, signature="ecdsa-with-SHA256")
    return (
        own,
        replace(CERTIFICATE, subject="CN=Example CA", names=()),
        unreadable_certificate(b"x"),
    )


def test_the_whole_chain() -> None:
    established = TlsEstablished(
        seconds=0.1, version="TLSv1.3", cipher="X", verified=False, chain=whole_chain()
    )
    document = report([established])
    for line in (
        "TLS: `TLSv1.3 X`, certificate not verified.",
        "1. the server",
        "   - subject: `CN=mail.example`",
        "   - names: `mail.example`, `smtp.example`",
        "   - issuer: `CN=Example CA`",
        "   - valid: 2026-01-02 03:04 to 2026-04-02 03:04 UTC, 31 days left",
        "   - key: `EC P-256`",
        "   - signature: `ecdsa-with-SHA256`",
        f"   - SHA-256: `{'ab' * 32}`",
        "2. next in the chain",
        "   - key: not readable",
        "3. next in the chain",
        "   - It cannot be read.",
    ):
        assert f"{line}\n" in document
    refused = report([TlsFailed(seconds=0.1, chain=(CERTIFICATE,))])
    assert "The handshake failed. The server had sent:\n" in refused
    assert "The server sent no certificate.\n" in report()


def test_many_names_are_cut() -> None:
    names = tuple(f"h{number}.example" for number in range(60))
    document = report([TlsFailed(seconds=0, chain=(replace(CERTIFICATE, names=names),))])
    assert "`h49.example` and 10 more\n" in document


@table("text", HOSTILE)
def test_nothing_hostile_breaks_out(text: str) -> None:
    certificate = replace(
        CERTIFICATE,
        subject=text,
        issuer=text,
        names=(text,),
        signature=text,
        key=CertificatePublicKey(text),
    )
    line = text.replace("\r", "").replace("\n", " ").replace("\0", "") or "x"
    events: list[Event] = [
        Sent(seconds=0, text=f"EHLO {text}"),
        Received(seconds=0, reply=reply(250, text, text), decoded=text),
        TlsEstablished(seconds=0, version=text, cipher=text, verified=True, chain=(certificate,)),
        DialogueNote(seconds=0, text=text),
    ]
    told = verdict(
        summary=text,
        why=text,
        cure=text,
        problems=(text, text),
        also=(text,),
        also_texts=(text,),
        recipients=(Recipient(address=text, code=250, text=text),),
        queue_id=text,
        fixes=(Fix(field="host", value=text, why=text),),
    )
    document = report(
        events,
        told,
        file="mail.toml",
        table="smtp",
        settings=settings(username=line, password={"command": [line]}, ca_file=line),
        password_from=text,
    )
    assert {token.type for token in tokens(document)} <= PARTS
    assert headings(document) == HEADINGS
    assert not set(document) & set("\x00\x07\x1b\r\u202e")
    for token in tokens(document):
        assert token.type != "text" or not set(token.content) & set("@<[\\"), token.content


def test_a_hostile_file_name_is_a_name() -> None:
    document = report(file="a`](x)\n# b.toml", table="<b>")
    assert headings(document)[1] == r"``a`](x)\x0a# b.toml``, table `<b>`"


def test_several_checks_have_a_section_each() -> None:
    passed = ReportedCheck(
        settings=settings(), events=(), verdict=verdict(ok=True, cause=None), file="a.toml"
    )
    failed = ReportedCheck(settings=None, events=(), verdict=verdict(), file="b.toml", table="x")
    document = report_markdown([passed, failed], MOMENT)
    assert "- tables: 2, passed: 1, failed: 1\n" in document
    assert [one for one in headings(document) if "toml" in one] == [
        "`a.toml`",
        "`b.toml`, table `x`",
    ]


def test_home_shows_only_where_it_was_given() -> None:
    note = DialogueNote(
        seconds=0, text="cannot read /home/alice/ca.pem, /home/alicea/x, /srv/home/alice"
    )
    told = verdict(summary="ca_file: /home/alice/ca.pem: no such file.")
    checked = ReportedCheck(
        settings=settings(), events=(note,), verdict=told, file="/home/alice/m.toml"
    )
    document = report_markdown([checked], MOMENT, home="/home/alice/")
    assert "cannot read ~/ca.pem, /home/alicea/x, /srv/home/alice\n" in document
    assert "`ca_file: ~/ca.pem`: no such file." in document
    assert "## `/home/alice/m.toml`" in document
    assert "~" not in report_markdown([checked], MOMENT, home="/")


def test_paths_in_commands_start_from_the_file() -> None:
    document = report(settings=settings(ca_file="ca.pem"), base=Path("conf"))
    assert "--cacert conf/ca.pem" in document
    assert "- `ca_file`: `ca.pem`" in document


ECHOES = [
    "S: 535 you said {secret}",
    "S: 535-`{secret}`\nS: 535 ```{secret}",
    "S: 535 <b>{quoted}</b> {hexed}",
    "S: 535 {based}",
]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
async def test_no_form_of_the_secret(echo: str, mechanism: str) -> None:
    forms = sorted(forms_of(SECRET))
    said = echo.format(
        secret=SECRET,
        quoted=next(form for form in forms if "%" in form),
        hexed=SECRET.encode().hex(),
        based=max((form for form in forms if form.isalnum()), key=len),
    )
    challenges = {"plain": "", "login": "S: 334 VXNlcm5hbWU6\nC: …\nS: 334 UGFzc3dvcmQ6\nC: …\n"}
    challenge = challenges.get(mechanism, "S: 334 PDFAbT4=\nC: …\n")
    played = await play(
        (
            f"{GREETING}\n{EHLO}\nS: 250-mail.example.test\nS: 250 AUTH PLAIN LOGIN CRAM-MD5\n"
            f"C: AUTH …\n{challenge}{said}\n",
        ),
        username=USER,
        authentication=mechanism,
    )
    assert played.verdict.cause == "auth-rejected"
    found = parse_settings({"host": "localhost", "username": USER, "password": SECRET}).settings
    document = report(played.events, played.verdict, settings=found)
    assert "[hidden]" in document
    for form in forms:
        assert form not in document


@pytest.mark.parametrize("code", ["235 2.7.0", "535 5.7.8"])
@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
async def test_a_token_that_is_the_username_too(code: str, mechanism: str) -> None:
    challenges = {"plain": "", "login": "S: 334 VXNlcm5hbWU6\nC: …\nS: 334 UGFzc3dvcmQ6\nC: …\n"}
    challenge = challenges.get(mechanism, "S: 334 PDFAbT4=\nC: …\n")
    played = await play(
        (
            f"{GREETING}\n{EHLO}\nS: 250-mail.example.test\nS: 250 AUTH PLAIN LOGIN CRAM-MD5\n"
            f"C: AUTH …\n{challenge}S: {code} so it is\nC: QUIT\nS: 221 bye\n",
        ),
        username=SECRET,
        authentication=mechanism,
    )
    found = parse_settings({"host": "localhost", "username": SECRET, "password": SECRET}).settings
    checked = ReportedCheck(settings=found, events=played.events, verdict=played.verdict)
    document = report_markdown([checked], MOMENT)
    assert "********" in document
    assert SECRET not in document
