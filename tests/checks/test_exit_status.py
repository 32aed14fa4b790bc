"""The exit status tells how far a check came."""

from __future__ import annotations

import pytest

from smtp_tui.checks.exit_status import BY_STAGE, exit_status
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Stage


@pytest.mark.parametrize(
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
