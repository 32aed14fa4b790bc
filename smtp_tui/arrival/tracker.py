"""Find out from log lines what became of one message, for each of its recipients. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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
from smtp_tui.diagnosis.delivery import DeliveryState, Handover
from smtp_tui.diagnosis.error_lookup.lookup import explain_bounce
from smtp_tui.safe_text import shortened

MOST_QUEUE_IDS = 8
"""A content filter gives a message a second one; more than a few would be a loop."""

LONGEST_TEXT = 1000
"""Characters of a reply in the log to keep."""

# Of several lines for one recipient (an alias), the first of these counts.
_WORST_FIRST = (
    DeliveryState.BOUNCED,
    DeliveryState.EXPIRED,
    DeliveryState.DISCARDED,
    DeliveryState.HELD,
    DeliveryState.DEFERRED,
    DeliveryState.SENT,
)
_TO_EXPLAIN = (DeliveryState.BOUNCED, DeliveryState.DEFERRED)
_READERS: tuple[Callable[[str], tuple[str, LogFact] | None], ...] = (
    read_postfix,
    read_exim,
    read_opensmtpd,
)


class DeliveryTracker:
    """Reads the lines about one message; lines about others are neither kept nor shown.

    A content filter hands the message back under a new queue ID: it is the same message if the
    Message-ID is the same.
    """

    def __init__(self, queue_id: str, recipients: Sequence[str]) -> None:
        self.is_logged = False
        self._recipients = recipients
        self._message_id = ""
        self._queue_ids = [queue_id]
        self._left: set[str] = set()
        # By queue ID and recipient, so that a later attempt takes the place of an earlier one.
        self._passages: dict[tuple[str, str], LoggedDelivery] = {}
        self._everyone: dict[str, AllRecipients] = {}
        self._shown: dict[str, Handover] = {}

    def read(self, line: str) -> Iterator[Handover]:
        """Yield what is new for a recipient."""
        # Cheaper than a pattern, on a server that logs a thousand lines a second.
        is_ours = any(queue_id in line for queue_id in self._queue_ids)
        if not is_ours and not (self._message_id and self._message_id in line):
            return
        found = next(filter(None, (read(line) for read in _READERS)), None)
        if found is None:
            return
        queue_id, fact = found
        if isinstance(fact, MessageIdLogged):
            self._link(queue_id, fact.message_id)
        if queue_id not in self._queue_ids:
            return
        self.is_logged = True
        match fact:
            case LoggedDelivery():
                self._passages[queue_id, fact.recipient] = fact
            case AllRecipients():
                self._everyone[queue_id] = fact
            case LeftQueue():
                self._left.add(queue_id)
            case _:
                return
        yield from self._news()

    def _link(self, queue_id: str, message_id: str) -> None:
        if queue_id == self._queue_ids[0]:
            self._message_id = self._message_id or message_id
        elif (
            message_id == self._message_id
            and queue_id not in self._queue_ids
            and len(self._queue_ids) < MOST_QUEUE_IDS
        ):
            self._queue_ids.append(queue_id)

    @property
    def handovers(self) -> tuple[Handover, ...]:
        """The state of each recipient, UNKNOWN where the log does not say it yet."""
        return tuple(map(self._handover, self._recipients))

    def is_done(self, *, past_deferral: bool) -> bool:
        """Whether nothing more is to be awaited; `past_deferral` awaits the next attempt too."""
        if self._left.issuperset(self._queue_ids):
            return True
        pending = [DeliveryState.UNKNOWN, *[DeliveryState.DEFERRED] * past_deferral]
        # A filter got the message, and its queue ID has no line about a delivery yet.
        begun = {queue_id for queue_id, _ in self._passages} | self._everyone.keys()
        return begun.issuperset(self._queue_ids) and not any(
            handover.state in pending for handover in self.handovers
        )

    @property
    def may_return(self) -> bool:
        """Whether a program got the message, which may hand it back under another queue ID."""
        # All three servers name a host with its address, in brackets or parentheses.
        return any(
            handover.state is DeliveryState.SENT
            and not handover.is_local
            and not {"[", "("} & {*handover.relay}
            for handover in self.handovers
        )

    def _news(self) -> Iterator[Handover]:
        for handover in self.handovers:
            shown = self._shown.get(handover.recipient)
            if handover.state is not DeliveryState.UNKNOWN and handover != shown:
                self._shown[handover.recipient] = handover
                yield handover

    def _handover(self, recipient: str) -> Handover:
        for count in range(len(self._queue_ids), 0, -1):
            queue_id = self._queue_ids[count - 1]
            passages = [
                passage
                for (found_id, _), passage in self._passages.items()
                if found_id == queue_id and self._is_for(passage, recipient)
            ]
            everyone = self._everyone.get(queue_id)
            worst = min(passages, key=lambda each: _WORST_FIRST.index(each.state), default=None)
            if everyone and (worst is None or worst.state is DeliveryState.DEFERRED):
                reason = worst.text if worst else everyone.text
                worst = LoggedDelivery(recipient=recipient, state=everyone.state, text=reason)
            if worst:
                return _handover_of(worst, recipient, tuple(self._queue_ids[:count]))
        return Handover(
            recipient=recipient, state=DeliveryState.UNKNOWN, queue_ids=tuple(self._queue_ids)
        )

    def _is_for(self, passage: LoggedDelivery, recipient: str) -> bool:
        names = {passage.recipient.casefold(), passage.asked.casefold()}
        # Behind a filter, the recipient is the one that the server had changed the address to.
        names |= {
            earlier.asked.casefold()
            for earlier in self._passages.values()
            if earlier.asked and earlier.recipient.casefold() in names
        }
        return recipient.casefold() in names or len(self._recipients) == 1


def _handover_of(passage: LoggedDelivery, recipient: str, queue_ids: tuple[str, ...]) -> Handover:
    explained = None
    if passage.state in _TO_EXPLAIN and passage.text:
        explained = explain_bounce(passage.text)
    return Handover(
        recipient=recipient,
        state=passage.state,
        relay=passage.relay,
        seconds=passage.seconds,
        delays=passage.delays,
        enhanced=passage.enhanced,
        text=shortened(passage.text, LONGEST_TEXT),
        is_local=passage.is_local,
        queue_ids=queue_ids,
        cause=explained.cause if explained else None,
    )
