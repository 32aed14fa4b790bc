"""The events that `--watch` puts between those of its checks."""

from __future__ import annotations

from smtp_tui.checks.events.kinds import (
    COUNT,
    SECONDS,
    TEXT,
    TO_THE_SECOND,
    TRUTH,
    Key,
    Line,
    maybe,
    shape,
)
from smtp_tui.checks.events.of_check import CAUSE, STAGE

_WAS = shape(Key("ok", TRUTH, "Whether that check passed."), STAGE, CAUSE)

CHANGE = Line(
    "change",
    "The verdict of a watch changed; the events of that check follow.",
    (
        Key("time", TO_THE_SECOND, "When that was.", lambda change: change.moment),
        Key("check", COUNT, "The number of the check.", lambda change: change.number),
        Key("ok", TRUTH, "Whether it passed.", lambda change: change.verdict.ok),
        Key("stage", STAGE.kind, STAGE.means, lambda change: change.verdict.stage),
        Key("cause", CAUSE.kind, CAUSE.means, lambda change: change.verdict.cause),
        Key(
            "was",
            maybe(_WAS),
            "The verdict before; null for the first check.",
            lambda change: change.before,
        ),
    ),
)
HELD = Line(
    "held",
    "The server rejected the password, and smtp-tui does not send it again until it may differ.",
    (
        Key("time", TO_THE_SECOND, "When that was.", lambda told: told[0]),
        Key("text", TEXT, "What smtp-tui waits for, in words.", lambda told: told[1]),
    ),
)
WATCHED = Line(
    "watched",
    "The watch ended.",
    (
        Key("checks", COUNT, "How many checks it made."),
        Key("passed", COUNT, "How many passed."),
        Key("failed", COUNT, "How many failed.", lambda watch: watch.checks - watch.passed),
        Key("changes", COUNT, "How often the verdict changed."),
        Key("seconds", SECONDS, "Seconds that it lasted."),
    ),
)
