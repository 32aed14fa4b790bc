"""Outcomes as monitoring systems read them, whatever a server said."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from smtp_tui import __version__
from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.monitoring import (
    MATTERS,
    NagiosState,
    Thresholds,
    nagios_lines,
    prometheus_text,
    range_of,
    state_of,
    state_of_all,
    trouble_line,
    write_prometheus,
)
from smtp_tui.checks.output_file import FileNotWrittenError
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.diagnosis.verdict import TlsSummary, Verdict
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.smtp.certificates import Certificate, ExpiryLimit
from smtp_tui.smtp.events import Stage, WarningId
from tests.table import table

HOSTILE = "bad | days=99\n\x1b[31m</td><script>\u202e x\r\nSMTP OK"
MOMENT = datetime(2026, 11, 24, 20, tzinfo=UTC)


def certificate(days: float, lifetime: float = 90) -> Certificate:
    """One with so many days left, and some minutes."""
    not_after = datetime.now(UTC) + timedelta(days=days, minutes=5)
    return Certificate(
        subject="CN=mail.example",
        names=("mail.example",),
        issuer="CN=authority",
        not_before=not_after - timedelta(days=lifetime),
        not_after=not_after,
        sha256="00" * 32,
        has_san=True,
    )


def passed(
    *warnings: WarningId, days: float | None = None, lifetime: float = 90, **more: Any
) -> Verdict:
    leaf = None if days is None else certificate(days, lifetime)
    tls = leaf and TlsSummary(verified=True, certificate=leaf)
    texts = tuple(f"About {one}." for one in warnings)
    content = {"ok": True, "stage": Stage.AUTH, "cause": None, "summary": "The login is accepted."}
    content |= {"warnings": warnings, "warning_texts": texts, "tls": tls, "seconds": 0.25}
    return Verdict(**{**content, **more})


def failed(cause: str, stage: Stage, **more: Any) -> Verdict:
    return passed(
        **{"ok": False, "stage": stage, "cause": cause, "summary": "It is refused.", **more}
    )


def outcome(verdict: Verdict, table: str = "smtp", host: object = "mail.example") -> CheckResult:
    request = CheckRequest(values={"host": host}, base=Path())
    return CheckResult(
        target=CheckTarget(file="m.toml", table=table, request=request), verdict=verdict
    )


def summary(*outcomes: CheckResult) -> BatchSummary:
    return BatchSummary(results=outcomes, seconds=0.5)


def told(*outcomes: CheckResult, thresholds: Thresholds | None = None) -> list[str]:
    return list(nagios_lines(summary(*outcomes), thresholds or Thresholds()))


def states() -> list[tuple[Verdict, NagiosState]]:
    """Verdicts, of certificates that end so long from now on."""
    return [
        (passed(), NagiosState.OK),
        (passed(days=22.5), NagiosState.OK),
        (passed(days=22), NagiosState.WARNING),
        (passed(days=11.25), NagiosState.WARNING),
        (passed(days=11), NagiosState.CRITICAL),
        (passed(days=-5), NagiosState.CRITICAL),
        # Renewed in time, at half of a short lifetime and at a third of a longer one: no alarm.
        *((passed(days=left, lifetime=6), NagiosState.OK) for left in (6, 4, 3, 2, 1.6)),
        *((passed(days=left, lifetime=45), NagiosState.OK) for left in (45, 30, 15, 12)),
        *((passed(days=left, lifetime=64), NagiosState.OK) for left in (64, 22, 21, 17)),
        *((passed(days=left, lifetime=90), NagiosState.OK) for left in (90, 30, 29)),
        *((passed(days=left, lifetime=825), NagiosState.OK) for left in (825, 60, 30)),
        (passed(days=0.75, lifetime=6), NagiosState.WARNING),
        (passed(days=0.7, lifetime=6), NagiosState.CRITICAL),
        (passed(days=6, lifetime=45), NagiosState.WARNING),
        (passed(days=5, lifetime=45), NagiosState.CRITICAL),
        (passed(days=8, lifetime=64), NagiosState.WARNING),
        (passed(days=7, lifetime=64), NagiosState.CRITICAL),
        (passed(days=29, lifetime=825), NagiosState.WARNING),
        (passed(days=13, lifetime=825), NagiosState.CRITICAL),
        (passed(WarningId.CERTIFICATE_EXPIRES_SOON, days=30), NagiosState.OK),
        (passed(WarningId.QUIT_UNANSWERED, WarningId.USERNAME_UNUSED), NagiosState.OK),
        *((passed(one), NagiosState.WARNING) for one in sorted(MATTERS)),
        (failed("auth-rejected", Stage.AUTH, days=90), NagiosState.CRITICAL),
        (failed("host-not-found", Stage.RESOLVE), NagiosState.CRITICAL),
        (failed("settings-invalid", Stage.SETTINGS), NagiosState.UNKNOWN),
        (failed("password-source-failed", Stage.PASSWORD), NagiosState.UNKNOWN),
        # A provider that does not answer may do so at the next check; one that refuses will not.
        (failed("oauth-provider-unreachable", Stage.PASSWORD), NagiosState.UNKNOWN),
        (failed("oauth-not-signed-in", Stage.PASSWORD), NagiosState.UNKNOWN),
        (failed("oauth-renewal-failed", Stage.PASSWORD), NagiosState.CRITICAL),
        (failed("oauth-client-rejected", Stage.PASSWORD), NagiosState.CRITICAL),
    ]


@table(("verdict", "state"), states)
def test_states(verdict: Verdict, state: NagiosState) -> None:
    assert state_of(verdict, Thresholds()) is state
    assert state_of_all(summary(outcome(passed()), outcome(verdict)), Thresholds()) is state


def test_the_worst_state_counts() -> None:
    good, warns = outcome(passed()), outcome(passed(days=15))
    unknown = outcome(failed("settings-invalid", Stage.SETTINGS))
    critical = outcome(failed("server-busy", Stage.GREETING))
    assert state_of_all(summary(good, warns), Thresholds()) is NagiosState.WARNING
    assert state_of_all(summary(warns, unknown, good), Thresholds()) is NagiosState.UNKNOWN
    assert state_of_all(summary(unknown, critical, warns), Thresholds()) is NagiosState.CRITICAL


def test_one_table_in_a_line() -> None:
    assert told(outcome(passed(days=63))) == [
        "SMTP OK - m.toml: smtp (mail.example): The login is accepted."
        " | time=0.250s;;;0;30 certificate_days=63;22.5:;11.25:"
    ]


def test_a_certificate_that_runs_out_is_told_first() -> None:
    limits = [ExpiryLimit(most=timedelta(days)) for days in (7, 2)]
    thresholds = Thresholds(certificate_warning=limits[0], certificate_critical=limits[1])
    assert told(outcome(passed(days=5.5)), thresholds=thresholds) == [
        "SMTP WARNING - m.toml: smtp (mail.example): The login is accepted; certificate 5 days left"
        " | time=0.250s;;;0;30 certificate_days=5.5;7:;2:"
    ]


def test_a_graph_does_not_show_another_state_than_the_line() -> None:
    verdict = passed(days=22.4997 - 5 / 1440)
    assert state_of(verdict, Thresholds()) is NagiosState.WARNING
    (line,) = told(outcome(verdict))
    assert line.endswith(" certificate_days=22.49;22.5:;11.25:")


@pytest.mark.parametrize(
    ("text", "alarms", "fine"),
    [
        # The table of the Monitoring Plugins guidelines.
        ("10", (-1, 10.1, 11), (0, 5, 10)),
        ("10:", (9.9, 0, -5), (10, 1e9)),
        ("~:10", (10.1, 1e9), (-1e9, 0, 10)),
        ("10:20", (9, 21), (10, 15, 20)),
        ("@10:20", (10, 15, 20), (9, 21)),
        ("@5:10", (5, 10), (4.9, 10.1)),
        (":10", (-1, 11), (0, 10)),
        ("0.5", (0.51,), (0.5, 0)),
        ("@.5", (0, 0.5), (0.51,)),
        ("~:", (), (-1e9, 1e9)),
    ],
)
def test_ranges(text: str, alarms: tuple[float, ...], fine: tuple[float, ...]) -> None:
    found = range_of(text)
    assert [found.alarms(value) for value in (*alarms, *fine)] == [True] * len(alarms) + [
        False
    ] * len(fine)


@table(
    "text", ["", "@", ":", "~", "10:5", "a", "1:2:3", "10s", "nan", "inf", "1e3", " 10", "٣", "5-9"]
)
def test_no_ranges(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as|its start must"):
        range_of(text)


@pytest.mark.parametrize(
    ("seconds", "state", "more"),
    [
        (0.5, NagiosState.OK, ""),
        (2.5, NagiosState.WARNING, "; the check took 2.50 s (WARNING range 0:2)"),
        (6, NagiosState.CRITICAL, "; the check took 6.00 s (CRITICAL range 5)"),
    ],
)
def test_the_seconds_of_a_check(seconds: float, state: NagiosState, more: str) -> None:
    thresholds = Thresholds(seconds_warning=range_of("0:2"), seconds_critical=range_of("5"))
    (line,) = told(outcome(passed(seconds=seconds)), thresholds=thresholds)
    assert line.startswith(f"SMTP {state.name} - ")
    assert line.endswith(f" | time={seconds:.3f}s;0:2;5;0;30")
    assert f"The login is accepted{more or '.'} | " in line
    both = passed(seconds=seconds, days=1)
    (line,) = told(outcome(both), thresholds=thresholds)
    assert line.startswith("SMTP CRITICAL - ")
    assert "; certificate 24 hours left" in line
    slow = told(outcome(failed("auth-rejected", Stage.AUTH, seconds=9)), thresholds=thresholds)
    assert "took" not in slow[0]


def test_the_warning_that_makes_the_state_is_the_one_told() -> None:
    (line, *_) = told(outcome(passed(WarningId.QUIT_UNANSWERED, WarningId.LINK_OPEN)))
    assert "is accepted; About link-open. | " in line


def test_a_failure_has_its_cause_and_what_to_do_behind_it() -> None:
    verdict = failed("auth-rejected", Stage.AUTH, why="Wrong.", cure="Right it.")
    first, *others = told(outcome(verdict))
    assert first.startswith("SMTP CRITICAL - m.toml: smtp (mail.example): It is refused. | time=")
    assert others == ["  Why: Wrong.", "  To do: Right it."]


def test_several_tables() -> None:
    bad = outcome(failed("server-busy", Stage.GREETING), "it's=b", "b.example")
    first, *others = told(outcome(passed(days=63), "a"), bad)
    assert first == (
        "SMTP CRITICAL - 2 tables: 1 CRITICAL, 1 OK; "
        "m.toml: it's=b (b.example): It is refused. | "
        "time=0.500s;;;0 failed=1;;;0;2 'm.toml: a time'=0.250s;;;0;30 "
        "'m.toml: a certificate_days'=63;22.5:;11.25: 'm.toml: it_s_b time'=0.250s;;;0;30"
    )
    assert others == [
        "OK: m.toml: a (mail.example): The login is accepted.",
        "CRITICAL: m.toml: it's=b (b.example): It is refused.",
    ]


def is_harmless(line: str) -> bool:
    return escape_controls(line) == line and not re.search("[<>]", line)


@example("0:0@")
@given(st.text() | st.just(HOSTILE))
def test_nothing_a_server_says_becomes_data(text: str) -> None:
    verdict = failed("message-refused", Stage.MESSAGE, summary=text, why=text, cure=text)
    first, *others = told(outcome(verdict, text, text))
    assert first.count("|") == 1
    assert not any("|" in line for line in others)
    assert all(is_harmless(line) for line in (first, *others, trouble_line(text)))
    data = first.partition(" | ")[2]
    assert re.fullmatch(r"time=0\.250s;;;0(;30)?", data)
    several = told(outcome(verdict, text, text), outcome(passed(WarningId.LINK_OPEN)))
    assert several[0].count("|") == 1
    assert len(several) == 3


def samples(text: str) -> dict[tuple[str, ...], float]:
    """What a collector reads: name and labels, and the value."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        for one in family.samples:
            key = (one.name.removeprefix("smtp_tui_"), *one.labels.values())
            assert key not in found
            found[key] = one.value
    return found


def test_metrics() -> None:
    good = passed(WarningId.LINK_OPEN, days=10)
    bad = failed("server-busy", Stage.GREETING)
    assert good.tls
    assert good.tls.certificate
    text = prometheus_text(summary(outcome(good, "a"), outcome(bad, "b", 5)), MOMENT)
    one, two = ("m.toml", "a", "mail.example"), ("m.toml", "b", "")
    states: dict[tuple[str, ...], float] = {
        **{("stage", *one, stage.value): stage is Stage.AUTH for stage in Stage},
        **{("stage", *two, stage.value): stage is Stage.GREETING for stage in Stage},
        **{("warning", *one, warn.value): warn is WarningId.LINK_OPEN for warn in WarningId},
        **{("warning", *two, warn.value): False for warn in WarningId},
    }
    assert samples(text) == {
        ("up", *one): 1,
        ("up", *two): 0,
        ("check_seconds", *one): 0.25,
        ("check_seconds", *two): 0.25,
        ("last_run_timestamp_seconds", *one): MOMENT.timestamp(),
        ("last_run_timestamp_seconds", *two): MOMENT.timestamp(),
        ("certificate_not_after_timestamp_seconds", *one): int(
            good.tls.certificate.not_after.timestamp()
        ),
        ("certificate_not_before_timestamp_seconds", *one): int(
            good.tls.certificate.not_before.timestamp()
        ),
        ("cause", *two, "server-busy"): 1,
        ("build_info", __version__): 1,
        **states,
    }


def test_what_a_series_is_does_not_change_with_what_it_says() -> None:
    outcomes = [
        outcome(passed(WarningId.LINK_OPEN, days=40)),
        outcome(passed(days=20)),
        outcome(failed("certificate-expired", Stage.TLS, days=-1)),
        outcome(failed("auth-rejected", Stage.AUTH, days=40)),
    ]
    found = [samples(prometheus_text(summary(one), MOMENT)).keys() for one in outcomes]
    steady = [{key for key in keys if key[0] != "cause"} for keys in found]
    assert all(keys == steady[0] for keys in steady)
    infos = [{key for key in keys if "info" in key[0]} for keys in found]
    assert infos == [{("build_info", __version__)}] * len(outcomes)


@example("0:0@")
@given(st.text() | st.just(HOSTILE) | st.just('a\\n"} 1\nup{'))
def test_any_label_can_be_read(text: str) -> None:
    found = samples(prometheus_text(summary(outcome(passed(), text, text)), MOMENT))
    ((name, file, table, host),) = [key for key in found if key[0] == "up"]
    assert (name, file) == ("up", "m.toml")
    assert table == escape_controls(text)
    assert host == escape_controls(mask_credentials(text))


def test_a_table_that_is_named_twice_is_one_series() -> None:
    text = prometheus_text(summary(outcome(passed()), outcome(passed())), MOMENT)
    assert len([key for key in samples(text) if key[0] == "up"]) == 1


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_metrics() -> None:
    text = prometheus_text(summary(outcome(passed(days=5)), outcome(passed(), HOSTILE)), MOMENT)
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def metrics() -> str:
    return prometheus_text(summary(outcome(passed())), MOMENT)


def test_written_for_all_to_read(tmp_path: Path, metrics: str) -> None:
    place = tmp_path / "smtp.prom"
    for text in (metrics.replace("m.toml", "older.toml"), metrics):
        write_prometheus(place, text)
    assert place.read_text(encoding="utf-8") == metrics
    assert stat.S_IMODE(place.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda place: place.write_text('[smtp]\nhost = "a"\n'), "not a metrics file"),
        (lambda place: place.mkdir(), "it is a folder"),
        (lambda place: place.symlink_to("other"), "it is a symbolic link"),
    ],
)
def test_nothing_else_is_written_over(
    tmp_path: Path, metrics: str, make: Callable[[Path], object], why: str
) -> None:
    place = tmp_path / "smtp.prom"
    make(place)
    with pytest.raises(FileNotWrittenError, match=why):
        write_prometheus(place, metrics)
    assert list(tmp_path.iterdir()) == [place]
