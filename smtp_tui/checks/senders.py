"""What servers that send to a domain do with each of its mail servers.

A plain sender encrypts where it can and verifies nothing; one that follows DANE obeys TLSA records
(RFC 7672), one that follows MTA-STS the policy of the domain (RFC 8461). A sender that does both
obeys DANE first, where it applies.
"""

from __future__ import annotations

from enum import StrEnum

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery.dane import TlsaResult
from smtp_tui.discovery.exchanges import ExchangesAnswer, MailExchange, TlsaLookup
from smtp_tui.discovery.mta_sts import StsFailure, StsPolicy
from smtp_tui.records import record
from smtp_tui.smtp.events import Stage

OK = "ok"
_BEFORE_AN_ANSWER = (Stage.SETTINGS, Stage.RESOLVE, Stage.CONNECT)


class Sender(StrEnum):
    """The kinds of senders."""

    PLAIN = "plain"
    DANE = "dane"
    MTA_STS = "mta-sts"


class Outcome(StrEnum):
    """What a sender does with a server; `UNKNOWN` if smtp-tui cannot tell."""

    DELIVERS = "delivers"
    UNENCRYPTED = "unencrypted"
    FAILS = "fails"
    UNKNOWN = "unknown"


@record(kw_only=True)
class MxSide:
    """One address of a mail server, as a sending server sees it.

    `address` and `verdict` are None for a server that could not be tried. `certificate` is `ok` if
    chain and name are valid, else the cause; None without TLS. `is_out_of_reach` if this machine
    has no route to any address of the family.
    """

    exchange: MailExchange
    address: str | None = None
    verdict: Verdict | None = None
    certificate: str | None = None
    tlsa: tuple[TlsaResult, ...] = ()
    right_record: str | None = None
    policy: StsPolicy | None = None
    is_out_of_reach: bool = False
    seconds: float = 0.0

    @property
    def sts_allows(self) -> bool | None:
        """Whether the MTA-STS policy names the server; None without a policy."""
        return self.policy.allows(self.exchange.host) if self.policy else None

    @property
    def is_reached(self) -> bool:
        """Whether the server answered."""
        return self.verdict is not None and self.verdict.stage not in _BEFORE_AN_ANSWER

    @property
    def is_encrypted(self) -> bool:
        """Whether the dialogue reached the second EHLO inside TLS."""
        return self.verdict is not None and self.verdict.ok and self.verdict.tls is not None

    def outcome(self, sender: Sender) -> Outcome:
        """Return what a sender does here."""
        plain = self._plain()
        if plain is Outcome.FAILS or self.is_out_of_reach:
            return plain
        is_refused = False
        if sender == Sender.DANE and self.exchange.follows_dane:
            is_refused = not self._satisfies_dane()
        elif sender == Sender.MTA_STS and self.policy and self.policy.is_enforced:
            is_refused = not (self.sts_allows and self.is_encrypted and self.certificate == OK)
        else:
            return plain
        return Outcome.FAILS if is_refused else Outcome.DELIVERS

    @property
    def is_good(self) -> bool:
        """Whether each kind of sender can deliver here."""
        good = (Outcome.DELIVERS, Outcome.UNENCRYPTED)
        return all(self.outcome(sender) in good for sender in Sender)

    def _plain(self) -> Outcome:
        if self.is_out_of_reach:
            return Outcome.UNKNOWN
        verdict = self.verdict
        if verdict is None:
            return Outcome.FAILS
        if verdict.ok:
            return Outcome.DELIVERS if self.is_encrypted else Outcome.UNENCRYPTED
        # After a failed handshake some senders try again without TLS.
        return Outcome.UNKNOWN if verdict.stage is Stage.TLS else Outcome.FAILS

    def _satisfies_dane(self) -> bool:
        if self.exchange.lookup is TlsaLookup.FAILED or not self.is_encrypted:
            return False
        usable = [result for result in self.tlsa if result.record.is_usable]
        # Without a usable record, TLS suffices (RFC 7672, section 2.2).
        return not usable or any(result.is_good for result in usable)


@record(kw_only=True)
class MtaSummary:
    """All mail servers of a domain; `policy` is its MTA-STS policy, or why there is none to use.

    `trace` is the verdict of the first address if no server could be reached, with what the ports
    of that address show. `late` says that the time was up before all were tried.
    """

    domain: str
    answer: ExchangesAnswer
    sides: tuple[MxSide, ...] = ()
    policy: StsPolicy | StsFailure | None = None
    trace: Verdict | None = None
    late: bool = False
    seconds: float = 0.0

    @property
    def usable_policy(self) -> StsPolicy | None:
        """The policy, if senders can use it."""
        return self.policy if isinstance(self.policy, StsPolicy) else None

    @property
    def policy_problem(self) -> str | None:
        """The id of why senders cannot use the policy."""
        return self.policy.id if isinstance(self.policy, StsFailure) else None

    @property
    def is_reached(self) -> bool:
        """Whether any server answered."""
        return any(side.is_reached for side in self.sides)

    @property
    def ok(self) -> bool:
        """Whether each kind of sender can deliver to each server that can be judged from here."""
        judged = [side for side in self.sides if not side.is_out_of_reach]
        is_policy_usable = not isinstance(self.policy, StsFailure)
        is_whole = bool(judged) and not self.late
        return is_whole and is_policy_usable and all(side.is_good for side in judged)

    def outcome(self, sender: Sender) -> Outcome:
        """Return what a sender achieves with the best of the servers."""
        outcomes = [side.outcome(sender) for side in self.sides]
        order = (Outcome.DELIVERS, Outcome.UNENCRYPTED, Outcome.UNKNOWN, Outcome.FAILS)
        return min(outcomes, key=order.index, default=Outcome.FAILS)
