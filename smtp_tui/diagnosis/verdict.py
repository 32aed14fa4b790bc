"""What a check amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Stage, WarningId
from smtp_tui.smtp.replies import Reply

if TYPE_CHECKING:
    from smtp_tui.config.dialects.spec import Recognition
    from smtp_tui.diagnosis.summary import CheckSummary


@record(kw_only=True)
class Fix:
    """A change that cures: `value` None is one that only the admin knows, empty text takes it away.

    `more` holds the changes that must go with it; `weakens` says that security suffers, and
    `trusts` that another machine than the one that was meant could get the password by it.
    """

    field: str
    value: object
    why: str
    more: Mapping[str, object] | None = None
    weakens: bool = False
    trusts: bool = False

    @property
    def change(self) -> dict[str, object]:
        """All that it changes, by key."""
        return {self.field: self.value, **(self.more or {})}


@record(kw_only=True)
class TlsSummary:
    """The link's protection; `peer_would` is `ok`, a cause id, or None where nobody looked."""

    version: str | None = None
    cipher: str | None = None
    verified: bool = False
    peer_would: str | None = None
    certificate: Certificate | None = None


@record(kw_only=True)
class Recipient:
    """What the server said to one recipient."""

    address: str
    code: int
    text: str


@record(kw_only=True)
class Verdict:
    """The outcome of a check.

    `summary` says what happened, `why` what that means, `cure` what to do; on success `cause` is
    None, `stage` the last one passed, and `why` and `cure` may be empty. `problems` are the
    settings that cannot be used, one by one; `recognition` names the application that the file is
    read as, None where there is no file; `also_texts` and `warning_texts` put `also` and
    `warnings` into a sentence each. `facts` are those of the check that it was made of.
    """

    seconds: float
    ok: bool
    stage: Stage
    cause: str | None
    summary: str
    why: str = ""
    cure: str = ""
    also: tuple[str, ...] = ()
    warnings: tuple[WarningId, ...] = ()
    reply: Reply | None = None
    protocol: str | None = None
    fixes: tuple[Fix, ...] = ()
    address: str | None = None
    tls: TlsSummary | None = None
    mechanisms: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    queue_id: str | None = None
    problems: tuple[str, ...] = ()
    also_texts: tuple[str, ...] = ()
    warning_texts: tuple[str, ...] = ()
    recognition: Recognition | None = None
    facts: CheckSummary | None = field(default=None, repr=False)
