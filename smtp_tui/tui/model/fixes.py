"""Propose the fixes of a failed test and describe what each one changes.

What passed earlier in this session comes first if it protects as much, then what the diagnosis
found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from enum import Enum, auto
from typing import Any

from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.records import record
from smtp_tui.safe_text import abridged, mask_credentials
from smtp_tui.settings.choices import Encryption, VerifyMode
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.validate import defaults, parse_fields
from smtp_tui.smtp.certificates import Certificate, anchor_of
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.model.draft import PASSWORD, DraftState, SettingsDraft, text_of
from smtp_tui.tui.model.password import PasswordLocation, PasswordState
from smtp_tui.tui.model.row_state import SWITCH, format_default
from smtp_tui.tui.model.session import LastTest, PassedState

CA_FILE, FINGERPRINT = "ca_file", "tls_fingerprint"
OWN = "certificate-self-signed"
_PAIRS_SHOWN = 4
_LABELS_SHOWN = 2


class FixKind(Enum):
    """What the form does to apply a fix.

    SET changes values; ASK does too, once the admin confirms. NAME goes to the CA file, GO_TO to
    any other field whose value only the admin knows. SAVE_AUTHORITY saves a certificate that the
    server sent, and RESTORE brings back the state that passed. SIGN_IN signs in at the provider.
    """

    SET = auto()
    ASK = auto()
    NAME = auto()
    SAVE_AUTHORITY = auto()
    RESTORE = auto()
    GO_TO = auto()
    SIGN_IN = auto()


@record
class FixProposal:
    """A fix as the form offers it.

    `authority` is the certificate to save and trust; `state` and `clock` are the fields to restore
    and when they passed, and `restored` the values that count then, in words.
    """

    fix: Fix
    kind: FixKind
    authority: Certificate | None = None
    state: DraftState = field(default_factory=dict, repr=False)
    clock: str = ""
    restored: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether the admin must confirm it."""
        if self.kind is FixKind.RESTORE:
            return self.fix.weakens
        return self.kind in (FixKind.ASK, FixKind.SAVE_AUTHORITY)


def available_fixes(
    last: LastTest | None, draft: SettingsDraft, passed: PassedState | None = None
) -> tuple[FixProposal, ...]:
    """Return what to do after the last test: what passed before, and the diagnosis's fixes.

    Those of the diagnosis are for the tested values only.
    """
    if last is None or last.verdict.ok:
        return ()
    proposals = () if last.is_stale else fix_proposals(last.verdict, last.facts.chain)
    restored = passed and restore_proposal(passed, draft)
    if not restored:
        return proposals
    # What passed but protects less comes after what keeps the protection.
    safe = [one for one in proposals if restored.fix.weakens and not one.fix.weakens]
    return (*safe, restored, *(one for one in proposals if one not in safe))


def no_fix_text(last: LastTest | None, test_key: str) -> str:
    """Return why there is nothing to fix; `test_key` tests."""
    if last is None:
        return f"There is nothing to fix: no test has failed. {test_key} starts a test."
    if last.verdict.ok:
        return f"There is nothing to fix: the last test passed. {test_key} starts another."
    if last.is_stale and last.verdict.fixes:
        return f"The settings have changed since that test. Test again first: {test_key}."
    return "smtp-tui knows no safe fix for this failure. The verdict says what to do."


def restore_proposal(passed: PassedState, draft: SettingsDraft) -> FixProposal | None:
    """Return the way back to what passed; None if the draft has the same values."""
    state = draft.state_to_return_to(passed.draft)
    if not state:
        return None
    given, _ = parse_fields(passed.draft.values)
    parsed = {**defaults(given), **given}
    weaker = weaker_fields(draft.parsed(), parsed)
    # What weakens stands first: a hint has space for two fields.
    state = {key: state[key] for key in sorted(state, key=lambda key: key not in weaker)}
    restored = {key: _restored_text(key, raw, parsed) for key, raw in state.items()}
    why = f"A test with these values passed at {passed.clock}."
    if weaker:
        why = f"{why} They protect less than the settings in the form."
    fix = Fix(field=next(iter(state)), value=None, why=why, weakens=bool(weaker))
    return FixProposal(fix, FixKind.RESTORE, state=state, clock=passed.clock, restored=restored)


def weaker_fields(now: Mapping[str, Any], then: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields by which the parsed values `then` protect less than those of `now`."""
    is_open, none = then["encryption"] is Encryption.NONE, VerifyMode.NONE
    is_weaker = {
        "encryption": is_open and now["encryption"] is not Encryption.NONE,
        "openssl_verify_mode": then["openssl_verify_mode"] is none
        and now["openssl_verify_mode"] is not none,
        "starttls_auto": is_open and now["starttls_auto"] and not then["starttls_auto"],
        "tls_minimum": then["tls_minimum"] < now["tls_minimum"],
        FINGERPRINT: bool(now[FINGERPRINT]) and not then[FINGERPRINT],
    }
    return tuple(key for key, weakens in is_weaker.items() if weakens)


def _restored_text(key: str, raw: object, parsed: Mapping[str, Any]) -> str:
    """Return a value to restore; an absent one by what counts instead."""
    if isinstance(raw, PasswordState):
        is_none = raw.location is PasswordLocation.FILE and raw.is_cleared and not raw.typed
        return "" if is_none else "as it was"
    if raw is not None:
        return format_value(key, raw)
    field, value = BY_KEY[key], parsed[key]
    # A field without a default of its own has no value to name.
    if field.kind is FieldKind.TEXT and not value and field.default_text in ("", "none"):
        return ""
    is_usual = value == field.default(parsed)
    shown = format_default(field, parsed) if is_usual else format_value(key, value)
    return f"{shown} by default"


def fix_proposals(verdict: Verdict, chain: Sequence[Certificate]) -> tuple[FixProposal, ...]:
    """Return a verdict's fixes, best first, or () if the best one would weaken security."""
    proposals = [
        proposal
        for fix in verdict.fixes
        for proposal in (
            _authority_proposals(fix, verdict, chain)
            if _trusts_authority(fix, verdict)
            else (proposal_of(fix),)
        )
    ]
    return () if proposals and proposals[0].fix.weakens else tuple(proposals)


def proposal_of(fix: Fix) -> FixProposal:
    """Return a fix of the diagnosis as the form offers it."""
    if fix.signs_in:
        return FixProposal(fix, FixKind.SIGN_IN)
    if fix.value is None:
        return FixProposal(fix, FixKind.GO_TO)
    return FixProposal(fix, FixKind.ASK if fix.trusts or fix.weakens else FixKind.SET)


def _authority_proposals(
    fix: Fix, verdict: Verdict, chain: Sequence[Certificate]
) -> list[FixProposal]:
    """Propose the admin's own CA file, and to save the CA that the server sent, if it sent one."""
    why: str = texts_of("fixes.toml")["name-ca"]
    name = FixProposal(replace(fix, why=why), FixKind.NAME)
    authority = anchor_of(chain)
    if authority is None:
        return [name]
    save = FixProposal(fix, FixKind.SAVE_AUTHORITY, authority)
    # Few admins have a file with a server's own certificate.
    return [save, name] if verdict.cause == OWN else [name, save]


def _trusts_authority(fix: Fix, verdict: Verdict) -> bool:
    return fix.field == CA_FILE and fix.value is None and verdict.stage is Stage.TLS


def pins(fix: Fix) -> bool:
    """Whether a fix pins the server's certificate."""
    return fix.field == FINGERPRINT and bool(fix.value)


def format_current(key: str, draft: SettingsDraft) -> str:
    """Return a field's value as the form shows it, or what counts without one."""
    field, raw = BY_KEY[key], draft.counting(key)
    if raw is None:
        return format_default(field, draft.parsed())
    return format_value(key, raw)


def format_value(key: str, raw: object) -> str:
    """Return a value as the form shows it; for "" (key removed), the field's default text."""
    field = BY_KEY[key]
    if raw == "":
        return field.default_text or "not set"
    if field.kind is FieldKind.PASSWORD:
        return "as it was" if isinstance(raw, PasswordState) else "set"
    if field.problem_with(raw) is not None:
        # The value may be a URL that contains a password. Quoted, it is no part of the sentence.
        return f"'{mask_credentials(text_of(raw))}'"
    parsed = field.parse(raw)
    if field.kind is FieldKind.SWITCH:
        return SWITCH[bool(parsed)]
    if key == FINGERPRINT:
        # A whole fingerprint does not fit in a line; its first pairs identify it.
        return f"{':'.join(pairs_of(str(parsed))[:_PAIRS_SHOWN])}:…"
    return str(parsed) if field.kind is FieldKind.CHOICE else mask_credentials(text_of(raw))


def changes_of(proposal: FixProposal) -> dict[str, object]:
    """Return what a fix sets in the form; a fingerprint as other programs print it."""
    change = {**proposal.fix.change}
    if pin := change.get(FINGERPRINT):
        change[FINGERPRINT] = ":".join(pairs_of(str(pin)))
    return change


def pairs_of(digits: str) -> list[str]:
    """Split a hash into pairs of hex digits, in upper case as other programs print it."""
    return [digits[at : at + 2].upper() for at in range(0, len(digits), 2)]


def grouped(digits: str, width: int) -> str:
    """Format a hash so that lines of `width` break between groups of pairs, which people compare.

    A group is a whole line: 32, 16 or 8 pairs.
    """
    pairs = pairs_of(digits)
    count = next((count for count in (32, 16) if 3 * count <= width), 8)
    return ": ".join(":".join(pairs[at : at + count]) for at in range(0, len(pairs), count))


def format_fix(proposal: FixProposal, draft: SettingsDraft, file: str = "") -> str:
    """Return the old and new values of a fix; `file` is where its authority would be saved."""
    fix = proposal.fix
    match proposal.kind:
        case FixKind.RESTORE:
            return f"Back to what passed at {proposal.clock} ({_labels(proposal)})"
        case FixKind.NAME:
            return f"{BY_KEY[fix.field].label}: name the file with your CA's certificate"
        case FixKind.GO_TO:
            return f"{BY_KEY[fix.field].label}: type it yourself"
        case FixKind.SIGN_IN:
            return f"{BY_KEY[fix.field].label}: sign in at the provider"
        case FixKind.SAVE_AUTHORITY:
            return format_changes({CA_FILE: file}, draft)
        case FixKind.SET | FixKind.ASK:
            return format_changes(fix.change, draft)


def format_changes(change: Mapping[str, object], draft: SettingsDraft) -> str:
    """Return a change as "Label: old -> new" for each field."""
    pairs = {
        key: (format_current(key, draft), format_value(key, raw)) for key, raw in change.items()
    }
    # A default that becomes explicit looks the same before and after: show it anyway.
    differing = [key for key, (old, new) in pairs.items() if old != new] or pairs
    return ", ".join(f"{BY_KEY[key].label}: {' -> '.join(pairs[key])}" for key in differing)


def describe_fix(proposal: FixProposal, cause: str | None, *, sends: bool = False) -> str:
    """Return what a fix of `cause` does, as the end of a hint that begins with its key."""
    fix = proposal.fix
    again = "asks again without a message" if sends else "tests again"
    match proposal.kind:
        case FixKind.RESTORE:
            asks = ", asks first," if fix.weakens else ""
            passed = f"what passed at {proposal.clock} ({_labels(proposal)})"
            return f"goes back to {passed}{asks} and {again}"
        case FixKind.SAVE_AUTHORITY:
            what = "this certificate" if cause == OWN else "the CA that the server sent"
            return f"saves {what} as CA File if you trust it, and {again}"
        case FixKind.NAME:
            return f"goes to {BY_KEY[fix.field].label}: name the file with your CA's certificate"
        case FixKind.GO_TO:
            return f"goes to {BY_KEY[fix.field].label}"
        case FixKind.SIGN_IN:
            return "signs in at the provider"
        case FixKind.ASK if pins(fix):
            return f"pins this certificate if you trust it, and {again}"
    edits = [
        f"sets {BY_KEY[key].label} to {format_value(key, value)}"
        if value != ""
        else f"removes {BY_KEY[key].label}"
        for key, value in fix.change.items()
    ]
    asks = " if you trust it," if fix.trusts else "," if fix.more else ""
    return f"{' and '.join(edits)}{asks} and {again}"


def _labels(proposal: FixProposal) -> str:
    """Return the fields to restore with their values, without a password."""
    labels = [_label(BY_KEY[key].label, key, text) for key, text in proposal.restored.items()]
    return abridged(labels, _LABELS_SHOWN)


def _label(label: str, key: str, text: str) -> str:
    if not text:
        return f"no {label}"
    return label if key == PASSWORD else f"{label} {text}"


def changes_in_words(proposal: FixProposal, draft: SettingsDraft) -> tuple[tuple[str, str], ...]:
    """Return what a fix changes: each field's label, and its value before and after."""
    texts = {key: text or "none" for key, text in proposal.restored.items()} or {
        key: format_value(key, raw) for key, raw in proposal.fix.change.items()
    }
    return tuple(
        (BY_KEY[key].label, text if key == PASSWORD else f"{format_current(key, draft)} -> {text}")
        for key, text in texts.items()
    )


def format_done(change: Mapping[str, object], draft: SettingsDraft, undo: str = "F4") -> str:
    """Return the message that follows a change applied to a draft; `undo` takes it back."""
    done = ", ".join(
        f"{BY_KEY[key].label} {'removed' if raw in ('', None) else format_value(key, raw)}"
        for key, raw in change.items()
    )
    what = "Changed, not saved yet" if draft.changed else "Back to the values in the file"
    return f"{what}: {done}. {undo} undoes it."
