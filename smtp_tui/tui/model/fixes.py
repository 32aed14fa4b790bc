"""The fixes of a failed test: how each is applied, and what it changes, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from smtp_tui.diagnosis.verdict import CheckSummary, Fix, Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.certificates import Certificate, anchor_of
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.model.draft import Draft, text_of
from smtp_tui.tui.model.row_state import SWITCH, format_default

CA_FILE, FINGERPRINT = "ca_file", "tls_fingerprint"
OWN = "certificate-self-signed"
_PAIRS_SHOWN = 4


@record
class LastTest:
    """What the last test found, and whether a value changed since."""

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
    """A fix as the form offers it; `authority` is what is to be saved and trusted, if anything."""

    fix: Fix
    authority: Certificate | None = None

    @property
    def action(self) -> FixAction:
        """How it is applied."""
        if self.authority:
            return FixAction.SAVE_AUTHORITY
        if self.fix.value is None:
            return FixAction.GO_TO
        return FixAction.ASK if self.fix.trusts or self.fix.weakens else FixAction.SET


def available_fixes(last: LastTest | None) -> tuple[FixProposal, ...]:
    """Return the fixes of the last test, if the form still says what was tested."""
    if last is None or last.is_stale:
        return ()
    return fix_proposals(last.verdict, last.facts.chain)


def fix_proposals(verdict: Verdict, chain: Sequence[Certificate]) -> tuple[FixProposal, ...]:
    """Return what a failed test proposes, the first one the best; it never weakens anything."""
    proposals = tuple(
        FixProposal(fix, anchor_of(chain) if saves_authority(fix, verdict) else None)
        for fix in verdict.fixes
    )
    return () if proposals and proposals[0].fix.weakens else proposals


def saves_authority(fix: Fix, verdict: Verdict) -> bool:
    """Whether a fix is to save the authority that the server sent."""
    return fix.field == CA_FILE and fix.value is None and verdict.stage is Stage.TLS


def pins(fix: Fix) -> bool:
    """Whether a fix pins the server's certificate."""
    return fix.field == FINGERPRINT and bool(fix.value)


def format_current(key: str, draft: Draft) -> str:
    """Return a field's value as the form shows it."""
    field, raw = BY_KEY[key], draft.raw(key)
    if raw is None:
        return format_default(field, draft.parsed())
    return format_value(key, raw)


def format_value(key: str, raw: object) -> str:
    """Return a value as the form shows it; for one that is removed, what counts then."""
    field = BY_KEY[key]
    if raw == "":
        return field.default_text or "not set"
    if field.kind is FieldKind.PASSWORD:
        return "set"
    if field.problem_with(raw) is not None:
        # It may be a URL with a password in it.
        return mask_credentials(text_of(raw))
    parsed = field.parse(raw)
    if field.kind is FieldKind.SWITCH:
        return SWITCH[bool(parsed)]
    if key == FINGERPRINT:
        # A line has no room for a whole fingerprint; its beginning tells it from another.
        return f"{':'.join(pairs_of(str(parsed))[:_PAIRS_SHOWN])}:…"
    return str(parsed) if field.kind is FieldKind.CHOICE else mask_credentials(text_of(raw))


def pairs_of(digits: str) -> list[str]:
    """Split a hash into pairs of digits, as other programs write it."""
    return [digits[at : at + 2].upper() for at in range(0, len(digits), 2)]


def format_fix(proposal: FixProposal, draft: Draft, file: str = "") -> str:
    """Return what a fix changes, old and new; `file` is where an authority would be saved."""
    fix = proposal.fix
    if proposal.action is FixAction.GO_TO:
        return f"{BY_KEY[fix.field].label}: type it yourself"
    return format_changes({CA_FILE: file} if proposal.authority else fix.change, draft)


def format_changes(change: Mapping[str, object], draft: Draft) -> str:
    """Return what a change does to the form, old and new."""
    pairs = {
        key: (format_current(key, draft), format_value(key, raw)) for key, raw in change.items()
    }
    # Where the values only become explicit, both look the same: show them all the same.
    differing = [key for key, (old, new) in pairs.items() if old != new] or pairs
    return ", ".join(f"{BY_KEY[key].label}: {' -> '.join(pairs[key])}" for key in differing)


def describe_fix(verdict: Verdict, *, sends: bool = False) -> str:
    """Return what applying the first fix does, as the end of a sentence that begins with a key."""
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
    """Report what was changed."""
    done = ", ".join(
        f"{BY_KEY[key].label} {'removed' if raw == '' else format_value(key, raw)}"
        for key, raw in change.items()
    )
    return f"Changed, not saved yet: {done}. F4 undoes it."
