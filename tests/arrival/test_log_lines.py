"""Lines of the three mail servers' logs, and lines that pretend to be such."""

from __future__ import annotations

import time

import pytest

from smtp_tui.arrival.exim_log import read_exim
from smtp_tui.arrival.log_lines import (
    AllRecipients,
    LeftQueue,
    LogFact,
    LoggedDelivery,
    MessageIdLogged,
)
from smtp_tui.arrival.opensmtpd_log import read_opensmtpd
from smtp_tui.arrival.postfix_log import read_postfix
from smtp_tui.diagnosis.delivery import DeliveryState
from tests.arrival.lines import EXIM, OPENSMTPD, POSTFIX
from tests.table import table

HEAD = "Nov 29 08:13:45 mail postfix/"
AFTER = "SMTP error from remote mail server after RCPT TO:<{}@example.test>: "
GREYLISTED = "450 4.2.0 <x>: Recipient address rejected: Greylisted for 300 seconds"
NO_USER = "550 5.1.1 no such user"
RETRY = "retry time not reached"
NOT_ALLOWED = "Error (permission denied: MDA not allowed to deliver to: root)"
QUEUED = "250 2.0.0 Ok: queued as 4SINK123"
TO = "A1B2C3: to=<a@b>"
DELAYS = "delay=0.02, delays=0.01/0.01/0/0"


def test_postfix() -> None:
    found = [fact for _, fact in filter(None, map(read_postfix, POSTFIX.splitlines()))]
    assert found == [
        MessageIdLogged("1795.7@relay.test"),
        LoggedDelivery(
            recipient="carol@example.test",
            state=DeliveryState.SENT,
            relay="127.0.0.1[127.0.0.1]:36359",
            seconds=0.02,
            delays=(0.01, 0.01, 0.0, 0.0),
            enhanced="2.0.0",
            text="250 2.0.0 Ok: queued as A926EBC438F",
        ),
        LeftQueue(),
    ]


@table(
    ("line", "state"),
    [
        (f"smtp[1]: {TO}, relay=none, {DELAYS}, dsn=4.4.1, status=deferred (x)", "deferred"),
        (f"error[1]: {TO}, relay=none, {DELAYS}, dsn=5.1.1, status=bounced (x)", "bounced"),
        (f"discard[1]: {TO}, relay=none, {DELAYS}, dsn=2.0.0, status=sent (x)", "discarded"),
        ("qmgr[1]: A1B2C3: from=<a@b>, status=expired, returned to sender", "expired"),
        ("cleanup[1]: A1B2C3: hold: header Subject: x from h[1.2.3.4]; from=<a> to=<b>: y", "held"),
        ("cleanup[1]: A1B2C3: milter-discard: END-OF-MESSAGE from h[1.2.3.4]: z", "discarded"),
        ("postsuper[1]: A1B2C3: placed on hold", "held"),
        (
            f"relay/smtp[1]: {TO}, orig_to=<c>, relay=m[::1]:25, conn_use=2, {DELAYS}, "
            "dsn=2.0.0, status=sent (y)",
            "sent",
        ),
    ],
)
@table("head", [HEAD, "2026-11-29T08:00:00.1+00:00 h postfix-out/", "postfix/"])
def test_states_of_postfix(line: str, state: str, head: str) -> None:
    found = read_postfix(head + line)
    assert found is not None
    assert found[0] == "A1B2C3"
    assert isinstance(found[1], LoggedDelivery | AllRecipients)
    assert found[1].state == state


@pytest.mark.parametrize(
    "text", ["delivered to mailbox", "delivered to maildir", "delivered to command: procmail"]
)
def test_postfix_delivers_itself(text: str) -> None:
    line = f"{HEAD}local[1]: {TO}, relay=local, {DELAYS}, dsn=2.0.0, status=sent ({text})"
    found = read_postfix(line)
    assert found is not None
    assert isinstance(found[1], LoggedDelivery)
    assert found[1].is_local
    remote = read_postfix(line.replace(f"({text})", f"(250 {text})"))
    assert remote is not None
    assert isinstance(remote[1], LoggedDelivery)
    assert not remote[1].is_local


def test_exim() -> None:
    found = [fact for _, fact in filter(None, map(read_exim, EXIM.splitlines()))]
    states = [
        (fact.asked or fact.recipient, fact.state, fact.relay, fact.text, fact.is_local)
        for fact in found
        if isinstance(fact, LoggedDelivery)
    ]
    relay = "127.0.0.1 [127.0.0.1]"
    assert states == [
        ("hole@example.test", "discarded", "", "", False),
        ("box@example.test", "sent", "box", "", True),
        ("alias@example.test", "sent", relay, QUEUED, False),
        ("bounce@example.test", "bounced", relay, AFTER.format("bounce") + NO_USER, False),
        ("defer@example.test", "deferred", relay, AFTER.format("defer") + GREYLISTED, False),
    ]
    assert MessageIdLogged("mm@x") in found
    assert LeftQueue() in found


@table(
    ("rest", "state", "text"),
    [
        ("** bad@x.test: Unrouteable address", "bounced", "Unrouteable address"),
        ("** bad@x.test <a@b>: retry timeout exceeded", "bounced", "retry timeout exceeded"),
        (
            "== x@y.test R=d T=s defer (110) H=mx.y.test [2001:db8::1]:25: Connection timed out",
            "deferred",
            "Connection timed out",
        ),
        (f"== x@y.test routing defer (-51): {RETRY}", "deferred", RETRY),
        ("Frozen (delivery error message)", "held", "Frozen (delivery error message)"),
    ],
)
@table(
    "head",
    [
        "2026-11-29 08:04:36 ",
        "2026-11-29 08:04:36.123 +0100 [12] ",
        "Nov 29 08:00:00 h exim[12]: ",
        "exim[12]: 2026-11-29 08:04:36 ",
    ],
)
@table("identity", ["1xXZtk-000000002Ra-2va2", "1xXZtk-0002Ra-2v"])
def test_states_of_exim(rest: str, state: str, text: str, head: str, identity: str) -> None:
    found = read_exim(f"{head}{identity} {rest}")
    assert found is not None
    assert found[0] == identity
    assert isinstance(found[1], LoggedDelivery | AllRecipients)
    assert (found[1].state, found[1].text) == (state, text)


@pytest.mark.parametrize("head", ["", "Nov 29 08:00:00 h smtpd[12]: ", "smtpd[12]: "])
def test_opensmtpd(head: str) -> None:
    lines = [head + line for line in OPENSMTPD.splitlines()]
    found = [
        (identity, fact.recipient, fact.state, fact.relay, fact.seconds, fact.text)
        for identity, fact in filter(None, map(read_opensmtpd, lines))
        if isinstance(fact, LoggedDelivery)
    ]
    relay = "127.0.0.1 (localhost)"
    assert found == [
        ("5cbf0f30", "root@local.test", "bounced", "local", 0.0, NOT_ALLOWED),
        ("bf623fbe", "defer@example.test", "deferred", relay, 62.0, GREYLISTED),
        ("bf623fbe", "bounce@example.test", "bounced", relay, 0.0, NO_USER),
        ("bf623fbe", "ok@example.test", "sent", relay, 0.0, QUEUED),
    ]


SENT = f"A1B2C3: to=<a@b>, relay=m[1.2.3.4]:25, {DELAYS}, dsn=2.0.0, status=sent (250 ok)"


@table(
    "line",
    [
        # A client, a header or a reply names what a line of the log would say.
        f"{HEAD}smtpd[1]: NOQUEUE: reject: RCPT from h[1.2.3.4]: 550 postfix/smtp[1]: {SENT}",
        f"{HEAD}cleanup[1]: B1B2C3: warning: header Subject: postfix/smtp[1]: {SENT} from h",
        f"{HEAD}smtp[1]: B1B2C3: to=<x@y>, relay=none, {DELAYS}, dsn=4.0.0, "
        f"status=deferred (said: postfix/smtp[1]: {SENT})",
        f"Nov 29 h sshd[1]: Invalid user postfix/smtp[1]: {SENT}",
        "2026-11-29 08:04:36 rejected HELO: 1xXZtk-000000002Ra-2va2 => a@b R=r T=t",
        '2026-11-29 08:04:36 1xXZtk-000000002Rx-2va2 H=x: "1xXZtk-000000002Ra-2va2 => a@b"',
        'f40d1b5df2f0289c smtp failed-command command="mta delivery evpid=bf623fbefe7ede97"',
        "",
        "\x00" * 100,
    ],
)
def test_a_line_inside_a_line_is_not_believed(line: str) -> None:
    for read in (read_postfix, read_exim, read_opensmtpd):
        found: tuple[str, LogFact] | None = read(line)
        assert found is None or found[0] not in ("A1B2C3", "1xXZtk-000000002Ra-2va2", "bf623fbe")


@table("part", ["to=<", "a ", "<>", "[1]: ", " =", '"', "postfix/", " R=x"])
def test_long_lines_take_little_time(part: str) -> None:
    heads = (
        f"{HEAD}smtp[1]: A1B2C3: to=<a@b>, ",
        "1xXZtk-000000002Ra-2va2 => ",
        "",
        "f40d1b5df2f0289c mta delivery evpid=bf623fbefe7ede97 from=<",
    )
    started = time.process_time()
    for head in heads:
        line = head + part * (16 * 1024 // len(part))
        for read in (read_postfix, read_exim, read_opensmtpd):
            read(line)
    assert time.process_time() - started < 2
