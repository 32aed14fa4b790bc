"""The fields that a failure is about, each in a few words."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.diagnosis.causes import causes
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.field_notes import LONGEST_FAULT, RECIPIENTS, faults_of
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.events import AuthStarted, Cause, Event, RecipientReply, Stage
from tests.diagnosis.examples import connected, facts_of, finished, reply, settings
from tests.table import table

MARKED = {cause: entry["faults"] for cause, entry in causes().items() if "faults" in entry}
LOGIN = AuthStarted(seconds=0.3, mechanism="PLAIN", reason="")


def faults(fault: Cause, stage: Stage, *events: Event, code: int = 0, **values: Any) -> set[str]:
    """What is marked, as `key: words`."""
    end = finished(stage, fault, reply=reply(code, "No") if code else None)
    tested = settings(**values)
    verdict = diagnose(tested, facts_of(*connected(), *events, end), 1.0)
    return {f"{key}: {short}" for key, short in faults_of(verdict, tested).items()}


@table("cause", MARKED)
def test_a_mark_fits_beside_a_value_of_the_form(cause: str) -> None:
    for key, words in MARKED[cause].items():
        assert key in {*BY_KEY, RECIPIENTS}
        assert len(words.format(code=535)) <= LONGEST_FAULT
        assert words.format(code=535).isprintable()


def test_a_mark_names_the_servers_code() -> None:
    found = faults(Cause.REFUSED, Stage.AUTH, LOGIN, code=535)
    assert found == {"password: 535 rejected"}
    # A username that cannot be right there is the first to look at.
    given = {"host": "smtp.sendgrid.net", "username": "x"}
    found = faults(Cause.REFUSED, Stage.AUTH, LOGIN, code=535, **given)
    assert found == {"username: 535 rejected"}


def test_with_external_the_certificate_is_the_login() -> None:
    login = AuthStarted(seconds=0.3, mechanism="EXTERNAL", reason="")
    found = faults(Cause.REFUSED, Stage.AUTH, login, code=535)
    assert found == {"client_certificate: 535 rejected"}


@pytest.mark.parametrize(
    ("values", "key"), [({}, "host"), ({"server_name": "mx.example.net"}, "server_name")]
)
def test_the_name_that_the_certificate_lacks_is_marked(values: dict[str, Any], key: str) -> None:
    found = faults(Cause.CERTIFICATE_NAME_MISMATCH, Stage.TLS, **values)
    assert found == {f"{key}: name mismatch"}


def test_a_rejected_recipient_is_marked() -> None:
    asked = RecipientReply(seconds=0.5, recipient="a@b.example", reply=reply(550, "No"))
    found = faults(Cause.RECIPIENT_REFUSED, Stage.ENVELOPE, asked, code=550)
    assert found == {"to: 550 rejected"}


def test_a_file_that_cannot_be_read_is_marked() -> None:
    end = finished(Stage.SETTINGS, Cause.SETTINGS_INVALID, detail="ca_file /ca.pem: no such file")
    verdict = diagnose(settings(), facts_of(end), 1.0)
    assert faults_of(verdict, settings()) == {"ca_file": "cannot be used"}


def test_nothing_is_marked_where_no_field_is_at_fault() -> None:
    assert faults(Cause.SERVER_CLOSED, Stage.EHLO) == set()
    tested = settings()
    passed = diagnose(tested, facts_of(*connected(), finished(Stage.EHLO)), 1.0)
    assert faults_of(passed, tested) == {}
