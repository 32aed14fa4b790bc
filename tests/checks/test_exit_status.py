"""The exit status tells how far a check came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smtp_tui.checks.exit_status import BY_STAGE, exit_status, verdict_lines
from smtp_tui.diagnosis.comparison import Comparison, Difference, PlaceSummary
from smtp_tui.diagnosis.verdict import Fix, Recipient, Verdict
from smtp_tui.smtp.events import Stage
from tests.table import table


@table(
    ("stage", "status"),
    [
        *(("settings", 3), ("password", 4), ("resolve", 5), ("connect", 6), ("greeting", 7)),
        *(("ehlo", 7), ("tls", 8), ("auth", 9), ("envelope", 10), ("message", 11)),
    ],
)
def test_by_stage(stage: str, status: int) -> None:
    failed = Verdict(seconds=0, ok=False, stage=Stage(stage), cause="x", summary="")
    assert exit_status(failed) == status


def test_every_stage_has_one() -> None:
    assert set(BY_STAGE) == set(Stage)


def test_success_at_any_stage() -> None:
    for stage in Stage:
        assert exit_status(Verdict(seconds=0, ok=True, stage=stage, cause=None, summary="")) == 0


@pytest.mark.parametrize("explains", [True, False])
def test_the_cure_of_a_place_precedes_fixes_of_the_settings(explains: bool) -> None:
    place = PlaceSummary(
        kind="process", name="7", engine=None, pid=7, command="app", user=0, runtime="OpenSSL",
        trusts=(), certificates=None, name_servers=(),
    )  # fmt: skip
    difference = Difference(
        id="place-ca-missing", stage=Stage.TLS, what="x", why="", cure="install it",
        explains=explains,
    )  # fmt: skip
    verdict = Verdict(
        seconds=0, ok=False, stage=Stage.TLS, cause="x", summary="",
        fixes=(Fix(field="openssl_verify_mode", value="none", why="WEAKENS"),),
        comparison=Comparison(place=place, here=None, differences=(difference,)),
    )  # fmt: skip
    lines = list(verdict_lines(verdict))
    cure = lines.index("    To do: install it")
    assert (cure < lines.index("  Fix openssl_verify_mode=none: WEAKENS")) is explains


def test_each_recipient_has_its_reply_if_the_server_rejects_some() -> None:
    recipients = (
        Recipient(address="a@x.test", code=250, text="2.0.0 Saved"),
        Recipient(address="b@x.test", code=552, text="5.2.2 Quota\nexceeded"),
        *(Recipient(address=f"c{i}@x.test", code=550, text="5.1.1 no") for i in range(10)),
    )
    verdict = Verdict(
        seconds=0, ok=False, stage=Stage.MESSAGE, cause="x", summary="", recipients=recipients[:3]
    )
    assert [line for line in verdict_lines(verdict) if "@" in line] == [
        "  b@x.test: rejected, 552 5.2.2 Quota exceeded",
        "  c0@x.test: rejected, 550 5.1.1 no",
        "  a@x.test: accepted, 250 2.0.0 Saved",
    ]
    many = list(verdict_lines(replace(verdict, recipients=recipients)))
    assert "  2 more recipients: 11 of 12 are rejected" in many
    one = list(verdict_lines(replace(verdict, recipients=recipients[1:2])))
    assert not any("@" in line for line in one)
