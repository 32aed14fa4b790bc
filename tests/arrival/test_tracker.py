"""What became of a message, by the lines about it alone."""

from __future__ import annotations

from contextlib import aclosing

from smtp_tui.arrival.follow import follow
from smtp_tui.arrival.tracker import LONGEST_TEXT, MOST_QUEUE_IDS, DeliveryTracker
from smtp_tui.diagnosis.delivery import DeliveryState, Handover
from tests.arrival.lines import EXIM, OPENSMTPD, POSTFIX

DELAYS = "delay=1.5, delays=0.5/0.5/0.25/0.25"


def logged(identity: str, recipient: str, status: str, text: str, asked: str = "") -> str:
    """A line of Postfix about one recipient."""
    original = f"orig_to=<{asked}>, " if asked else ""
    return (
        f"postfix/smtp[1]: {identity}: to=<{recipient}>, {original}relay=mx[192.0.2.1]:25, "
        f"{DELAYS}, dsn=2.0.0, status={status} ({text})"
    )


def message_id(identity: str, value: str) -> str:
    """Cleanup's line with a Message-ID."""
    return f"postfix/cleanup[1]: {identity}: message-id=<{value}>"


def read(tracker: DeliveryTracker, *lines: str) -> list[Handover]:
    """What is new after these lines."""
    return [handover for line in lines for handover in tracker.read(line)]


def states(tracker: DeliveryTracker) -> dict[str, str]:
    """Each recipient's state."""
    return {handover.recipient: handover.state.value for handover in tracker.handovers}


def is_done(tracker: DeliveryTracker) -> bool:
    """Whether all have ended, deferrals included."""
    return tracker.is_done(past_deferral=False)


def test_one_recipient() -> None:
    tracker = DeliveryTracker("D4CCCAE46A7", ["carol@example.test"])
    *before, sent, _ = POSTFIX.splitlines()
    assert read(tracker, *before) == []
    assert tracker.is_logged
    assert not is_done(tracker)
    (handover,) = read(tracker, sent)
    assert handover.sentence == (
        "handed to 127.0.0.1[127.0.0.1]:36359 after 0.02 s, which said: "
        "250 2.0.0 Ok: queued as A926EBC438F"
    )
    assert handover.queue_ids == ("D4CCCAE46A7",)
    assert is_done(tracker)
    assert read(tracker, sent) == []


def test_recipients_are_told_apart() -> None:
    names = [f"{name}@example.test" for name in ("hole", "box", "alias", "bounce", "defer", "lost")]
    tracker = DeliveryTracker("1xXZtk-000000002Ra-2va2", names)
    read(tracker, *EXIM.splitlines())
    assert list(states(tracker).values()) == [
        *("discarded", "sent", "sent", "bounced", "deferred", "unknown")
    ]
    assert not is_done(tracker)
    read(tracker, "2026-11-29 08:04:37 1xXZtk-000000002Ra-2va2 Completed")
    assert is_done(tracker)
    causes = [handover.cause for handover in tracker.handovers]
    assert causes == [None, None, None, "recipient-refused", "greylisted", None]


def test_opensmtpd() -> None:
    tracker = DeliveryTracker("bf623fbe", ["ok@example.test", "defer@example.test"])
    read(tracker, *OPENSMTPD.splitlines())
    assert states(tracker) == {"ok@example.test": "sent", "defer@example.test": "deferred"}
    assert is_done(tracker)
    assert not tracker.is_done(past_deferral=True)


def test_a_later_attempt_counts() -> None:
    tracker = DeliveryTracker("AAAAAA", ["a@b"])
    lines = [
        logged("AAAAAA", "a@b", "deferred", "450 later"),
        logged("AAAAAA", "a@b", "sent", "250"),
    ]
    assert [handover.state for handover in read(tracker, *lines)] == ["deferred", "sent"]


def test_a_filter_gives_a_second_id() -> None:
    tracker = DeliveryTracker("AAAAAA", ["c@d"])
    lines = [
        message_id("AAAAAA", "m@x"),
        message_id("BBBBBB", "m@x"),
        # The second delivery may be logged before the filter's reply.
        logged("BBBBBB", "a@b", "sent", "250 the end"),
        logged("AAAAAA", "a@b", "sent", "250 the filter", asked="c@d"),
    ]
    read(tracker, *lines)
    (handover,) = tracker.handovers
    assert (handover.text, handover.queue_ids) == ("250 the end", ("AAAAAA", "BBBBBB"))
    assert is_done(tracker)


def test_a_filter_is_not_the_end() -> None:
    tracker = DeliveryTracker("AAAAAA", ["a@b", "c@d"])
    first = [logged("AAAAAA", name, "sent", "250 the filter") for name in ("a@b", "c@d")]
    read(tracker, message_id("AAAAAA", "m@x"), message_id("BBBBBB", "m@x"), *first)
    assert not is_done(tracker)
    second = [logged("BBBBBB", "a@b", "bounced", "550 no"), logged("BBBBBB", "c@d", "sent", "250")]
    read(tracker, *second)
    assert states(tracker) == {"a@b": "bounced", "c@d": "sent"}
    assert is_done(tracker)


def test_a_loop_of_ids_is_bounded() -> None:
    tracker = DeliveryTracker("AAAA00", ["a@b"])
    read(tracker, *(message_id(f"AAAA{number:02}", "m@x") for number in range(50)))
    assert len(tracker.handovers[0].queue_ids) == MOST_QUEUE_IDS


def test_other_messages_stay_unread() -> None:
    tracker = DeliveryTracker("AAAAAA", ["a@b"])
    other = [
        message_id("BBBBBB", "other@x"),
        logged("BBBBBB", "a@b", "sent", "AAAAAA"),
        "postfix/bounce[1]: BBBBBB: sender non-delivery notification: AAAAAA",
    ]
    assert read(tracker, message_id("AAAAAA", "m@x"), *other) == []
    assert states(tracker) == {"a@b": "unknown"}


def test_the_worst_of_an_alias_counts() -> None:
    tracker = DeliveryTracker("AAAAAA", ["list@x", "b@x"])
    lines = [
        logged("AAAAAA", "one@x", "sent", "250", asked="list@x"),
        logged("AAAAAA", "two@x", "bounced", "550 5.1.1 no", asked="list@x"),
        logged("AAAAAA", "B@X", "sent", "250"),
    ]
    read(tracker, *lines)
    assert states(tracker) == {"list@x": "bounced", "b@x": "sent"}


def test_everyone_is_held_or_expired() -> None:
    tracker = DeliveryTracker("AAAAAA", ["a@b", "c@d"])
    read(tracker, logged("AAAAAA", "a@b", "sent", "250"))
    expired = "postfix/qmgr[1]: AAAAAA: from=<x>, status=expired, returned to sender"
    read(tracker, logged("AAAAAA", "c@d", "deferred", "450 full"), expired)
    assert states(tracker) == {"a@b": "sent", "c@d": "expired"}
    assert tracker.handovers[1].sentence.endswith("failed: 450 full")


def test_a_long_reply_is_cut() -> None:
    tracker = DeliveryTracker("AAAAAA", ["a@b"])
    (handover,) = read(tracker, logged("AAAAAA", "a@b", "sent", "x" * 10_000))
    assert len(handover.text) == LONGEST_TEXT
    assert handover.state is DeliveryState.SENT


class Steps:
    """A log that shows a step at each look."""

    name = "steps"

    def __init__(self, *steps: list[str]) -> None:
        self._steps = [*steps]

    def new_lines(self) -> list[str]:
        return self._steps.pop(0) if self._steps else []

    def close(self) -> None:
        pass


async def test_a_program_hands_the_message_back_after_its_end() -> None:
    piped = logged("AAAAAA", "a@b", "sent", "delivered via filter service")
    piped = piped.replace("relay=mx[192.0.2.1]:25", "relay=filter")
    log = Steps(
        [message_id("AAAAAA", "m@x"), piped, "postfix/qmgr[1]: AAAAAA: removed"],
        [message_id("BBBBBB", "m@x")],
        [],
        [logged("BBBBBB", "a@b", "bounced", "550 5.1.1 no")],
    )
    tracker = DeliveryTracker("AAAAAA", ["a@b"])
    async with aclosing(follow(tracker, [log], within=20)) as found:
        seen = [handover.state.value async for handover in found]
    assert seen == ["sent", "bounced"]


async def test_another_server_hands_nothing_back() -> None:
    log = Steps([logged("AAAAAA", "a@b", "sent", "250")])
    tracker = DeliveryTracker("AAAAAA", ["a@b"])
    async with aclosing(follow(tracker, [log], within=20)) as found:
        assert [handover.state.value async for handover in found] == ["sent"]
    assert not tracker.may_return
