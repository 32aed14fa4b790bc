"""Why a dialogue cannot go on."""

from __future__ import annotations

from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Fault
from smtp_tui.smtp.replies import Reply


class Stop(Exception):
    """The dialogue cannot go on; what the Finished event will say."""

    def __init__(
        self,
        fault: Fault,
        detail: str = "",
        *,
        reply: Reply | None = None,
        protocol: str | None = None,
        also: tuple[Fault, ...] = (),
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(fault)
        self.fault = fault
        self.detail = detail
        self.reply = reply
        self.protocol = protocol
        self.also = also
        self.certificate = certificate


def refused(reply: Reply) -> Stop:
    """The Stop for a reply that is no success: a refusal, or a code that does not belong."""
    fault = Fault.REFUSED if reply.category in (4, 5) else Fault.REPLY_UNEXPECTED
    return Stop(fault, reply=reply)
