"""A cause is one entry, with a rule that finds it: a made-up one is found wherever causes are."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.jsonlines import json_line
from smtp_tui.checks.monitoring import Thresholds, nagios_lines, prometheus_text
from smtp_tui.checks.request import CheckTarget
from smtp_tui.diagnosis import rules as reply_rules
from smtp_tui.diagnosis.causes import causes, label
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.error_lookup.lookup import explain_error
from smtp_tui.diagnosis.experiments import experiments_for
from smtp_tui.diagnosis.rules import ReplyRule, rules
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.program import main
from smtp_tui.smtp.events import Cause, Stage
from tests.diagnosis.examples import connected, facts_of, finished, reply, settings

ENTRY = {
    "label": "frobnicator jammed",
    "what": "The server's frobnicator is jammed: {reply}.",
    "why": "Port {port} leads to it.",
    "cure": "{try_ports}Ask the server's admin to unjam the frobnicator.",
    "experiments": ["other-port"],
    "fixes": ["submission-port"],
    "ask": {"host": "host"},
}
RULE = ReplyRule(cause="frobnicator-jammed", source="this test", whole={}, text="frobnicator")
WORDS = "5.3.9 The frobnicator is jammed"


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(causes(), "frobnicator-jammed", ENTRY)
    known = rules()
    monkeypatch.setattr(reply_rules, "rules", lambda: (RULE, *known))


def verdict() -> Verdict:
    end = finished(Stage.ENVELOPE, Cause.REFUSED, command="MAIL", reply=reply(550, WORDS))
    return diagnose(settings(port=2525), facts_of(*connected(), end), 1.0)


def test_the_verdict_has_its_texts_and_its_fixes() -> None:
    found = verdict()
    assert found.cause == "frobnicator-jammed"
    assert found.summary == f"The server's frobnicator is jammed: 550 {WORDS}."
    assert found.why == "Port 2525 leads to it."
    assert found.cure.endswith("Ask the server's admin to unjam the frobnicator.")
    assert found.cure.startswith("Try port 587 (tls)")
    assert [fix.change for fix in found.fixes] == [
        {"port": 587, "encryption": "tls"},
        {"host": None},
    ]
    assert label("frobnicator-jammed") == "frobnicator jammed"


def test_its_experiments_are_tried() -> None:
    facts = facts_of(*connected())
    tried = experiments_for(settings(port=2525), facts, "frobnicator-jammed")
    assert [spec.name for spec in tried] == [
        "port=587 encryption=tls",
        "port=465 encryption=ssl",
    ]


def test_an_error_of_another_program_is_explained_by_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = f"SMTPSenderRefused: (550, b'{WORDS}')"
    found = explain_error(error)
    assert found
    assert found.cause == "frobnicator-jammed"
    assert main(["explain", "--error", error]) == 0
    assert "unjam the frobnicator" in capsys.readouterr().out


def test_json_has_its_id() -> None:
    line = json_line(verdict(), "mail.toml", "smtp")
    assert line
    assert json.loads(line)["cause"] == "frobnicator-jammed"


def test_monitoring_has_it() -> None:
    target = CheckTarget(file="mail.toml", table="smtp")
    summary = BatchSummary(results=(CheckResult(target=target, verdict=verdict()),), seconds=1.0)
    assert 'cause="frobnicator-jammed"' in prometheus_text(summary, datetime.now(UTC))
    (first, *_) = nagios_lines(summary, Thresholds())
    assert first.startswith("SMTP CRITICAL - ")
    assert "frobnicator is jammed" in first
