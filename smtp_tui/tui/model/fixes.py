"""Propose the fixes of a failed test and describe what each one changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from smtp_tui.diagnosis.verdict import CheckSummary, Fix, Verdict
from smtp_tui.records import record
from smtp_tui.safe_text import mask_credentials
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.smtp.certificates import Certificate, anchor_of
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.model.draft import SettingsDraft, text_of
from smtp_tui.tui.model.row_state import SWITCH, format_default

CA_FILE, FINGERPRINT = "ca_file", "tls_fingerprint"
OWN = "certificate-self-signed"
_PAIRS_SHOWN = 4


@record
class LastTest:
    """The result of the last test; stale once a value in the form has changed."""

    facts: CheckSummary
    verdict: Verdict
    is_stale: bool = False


class FixAction(Enum):
    """How a fix is applied."""

    SET = auto()
    ASK = auto()
    SAVE_AUTHORITY = auto()
    GO_TO = auto()


@record
class FixProposal:
    """A fix as the form offers it; `authority` is the certificate to save and trust, if any."""

    fix: Fix
    authority: Certificate | None = None

    @property
    def action(self) -> FixAction:
        """How the form applies the fix."""
        if self.authority:
            return FixAction.SAVE_AUTHORITY
        if self.fix.value is None:
            return FixAction.GO_TO
        return FixAction.ASK if self.fix.trusts or self.fix.weakens else FixAction.SET


def available_fixes(last: LastTest | None) -> tuple[FixProposal, ...]:
    """Return the fixes of the last test, or () if the form has changed since."""
    if last is None or last.is_stale:
        return ()
    return fix_proposals(last.verdict, last.facts.chain)


def fix_proposals(verdict: Verdict, chain: Sequence[Certificate]) -> tuple[FixProposal, ...]:
    """Return a verdict's fixes, best first, or () if the best one would weaken security."""
    proposals = tuple(
        FixProposal(fix, anchor_of(chain) if saves_authority(fix, verdict) else None)
        for fix in verdict.fixes
    )
    return () if proposals and proposals[0].fix.weakens else proposals


def saves_authority(fix: Fix, verdict: Verdict) -> bool:
    """Whether a fix saves the CA certificate that the server sent."""
    return fix.field == CA_FILE and fix.value is None and verdict.stage is Stage.TLS


def pins(fix: Fix) -> bool:
    """Whether a fix pins the server's certificate."""
    return fix.field == FINGERPRINT and bool(fix.value)


def format_current(key: str, draft: SettingsDraft) -> str:
    """Return a field's value as the form shows it, or its default."""
    field, raw = BY_KEY[key], draft.raw(key)
    if raw is None:
        return format_default(field, draft.parsed())
    return format_value(key, raw)


def format_value(key: str, raw: object) -> str:
    """Return a value as the form shows it; for "" (key removed), the field's default text."""
    field = BY_KEY[key]
    if raw == "":
        return field.default_text or "not set"
    if field.kind is FieldKind.PASSWORD:
        return "set"
    if field.problem_with(raw) is not None:
        # The value may be a URL that contains a password.
        return mask_credentials(text_of(raw))
    parsed = field.parse(raw)
    if field.kind is FieldKind.SWITCH:
        return SWITCH[bool(parsed)]
    if key == FINGERPRINT:
        # A whole fingerprint does not fit in a line; its first pairs identify it.
        return f"{':'.join(pairs_of(str(parsed))[:_PAIRS_SHOWN])}:…"
    return str(parsed) if field.kind is FieldKind.CHOICE else mask_credentials(text_of(raw))


def pairs_of(digits: str) -> list[str]:
    """Split a hash into pairs of hex digits, in upper case as other programs print it."""
    return [digits[at : at + 2].upper() for at in range(0, len(digits), 2)]


def format_fix(proposal: FixProposal, draft: SettingsDraft, file: str = "") -> str:
    """Return the old and new values of a fix; `file` is where its authority would be saved."""
    fix = proposal.fix
    if proposal.action is FixAction.GO_TO:
        return f"{BY_KEY[fix.field].label}: type it yourself"
    return format_changes({CA_FILE: file} if proposal.authority else fix.change, draft)


def format_changes(change: Mapping[str, object], draft: SettingsDraft) -> str:
    """Return a change as "Label: old -> new" for each field."""
    pairs = {
        key: (format_current(key, draft), format_value(key, raw)) for key, raw in change.items()
    }
    # A default that becomes explicit looks the same before and after: show it anyway.
    differing = [key for key, (old, new) in pairs.items() if old != new] or pairs
    return ", ".join(f"{BY_KEY[key].label}: {' -> '.join(pairs[key])}" for key in differing)


def describe_fix(verdict: Verdict, *, sends: bool = False) -> str:
    """Return what the first fix does, as the end of a hint that begins with its key."""
    fix = verdict.fixes[0]
    again = "asks again without a message" if sends else "tests again"
    if saves_authority(fix, verdict):
        what = "this certificate" if verdict.cause == OWN else "the CA that the server sent"
        return f"saves {what} as CA File if you trust it, and {again}"
    if fix.value is None:
        return f"goes to {BY_KEY[fix.field].label}"
    if pins(fix):
        return f"pins this certificate if you trust it, and {again}"
    edits = [
        f"sets {BY_KEY[key].label} to {format_value(key, value)}"
        if value != ""
        else f"removes {BY_KEY[key].label}"
        for key, value in fix.change.items()
    ]
    asks = " if you trust it," if fix.trusts else "," if fix.more else ""
    return f"{' and '.join(edits)}{asks} and {again}"


def format_done(change: Mapping[str, object]) -> str:
    """Return the message that follows an applied change."""
    done = ", ".join(
        f"{BY_KEY[key].label} {'removed' if raw == '' else format_value(key, raw)}"
        for key, raw in change.items()
    )
    return f"Changed, not saved yet: {done}. F4 undoes it."
