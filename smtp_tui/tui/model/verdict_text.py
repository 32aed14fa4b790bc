"""Put a verdict into words: what happened, what to do, and the rest. No cells, no colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from smtp_tui.checks.exit_status import difference_lines, here_line
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.diagnose import with_one_name
from smtp_tui.diagnosis.verdict import Recipient, Verdict
from smtp_tui.records import record
from smtp_tui.safe_text import abridged, escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.events import Cause, Stage, WarningId
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.messages import reword
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft
from smtp_tui.tui.model.fixes import (
    FINGERPRINT,
    FixKind,
    FixProposal,
    describe_fix,
    format_value,
    grouped,
)
from smtp_tui.tui.model.session import outcome

STALE = "tests again: this was before your last change."
_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z`])")
# After `FAILED at` the stage, the first clause of these says nothing new.
_STATED_BY_STAGE = ("settings-invalid", "auth-not-offered", "tls-handshake-failed")
_CHANGES_SHOWN = 3
_WIDTH = 60  # cells that a line has for a hash
# First words that a sentence may begin with in the middle of a line; others may be names.
_PLAIN_WORDS = frozenset({"A", "After", "An", "No", "Nothing", "Server", "The", "There", "This"})


@record
class VerdictLine:
    """A line of the rest, perhaps with a label."""

    text: str
    label: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text


@record
class VerdictText:
    """A verdict in words, escaped.

    `shorter` has `happened` for narrower lines. `action` is what to do now, after its `key` if one
    does it, or what has been saved; `others` says how to see the other fixes. If `is_stale`, values
    have changed since.
    """

    outcome: str
    happened: str
    shorter: tuple[str, ...] = ()
    key: str = ""
    action: str = ""
    others: str = ""
    more: tuple[VerdictLine, ...] = ()
    is_stale: bool = False
    is_saved: bool = False


def verdict_text(
    verdict: Verdict,
    mail: MailRequest | None = None,
    proposals: Sequence[FixProposal] = (),
    *,
    saves: str = "",
    saved: str | None = None,
    is_stale: bool = False,
    is_whole: bool = False,
) -> VerdictText:
    """Return a verdict in words; `mail` is what the check was to submit.

    `proposals` are the fixes to offer now, `saves` is what saving would write (`changes_to_save`),
    `saved` what it has written since, "" if a message says so. With `is_whole`, all names of the
    certificate are shown.
    """
    texts = (
        without_commands(summary_of(verdict, mail)),
        with_labels(verdict.cure),
        with_labels(verdict.why),
    )
    happened, cure, why = (_of_certificate(text, verdict, is_whole=is_whole) for text in texts)
    comparison = verdict.comparison
    told = comparison.differences if comparison else ()
    if reason := next((each for each in told if each.explains), None):
        # The cause's own texts speak of this machine.
        cure, why = with_labels(reason.cure), with_labels(reason.what)
    key = action = others = ""
    if verdict.ok:
        key = key_of("save") if saves else ""
        action = saves or ("Nothing to save." if saved is None else saved)
    elif proposals and reason is None:  # else the place needs the cure, not the settings
        key, others = key_of("fix"), _other_fixes(len(proposals))
        sends = mail is not None and mail.body is not None
        action = f"{describe_fix(proposals[0], verdict.cause, sends=sends)}."
        if proposals[0].kind is FixKind.SET:  # then the reason says more than the cure
            cure, why = why, cure
    elif cure and not is_stale:
        action, cure = _first_step(cure)
    notes = [f"{key_of('test')} {STALE}"] if is_stale and proposals else []
    if is_stale and not proposals:
        notes = [f"{key} {action}"] if saves else []
        key, action = key_of("test"), STALE
    said = f"{action} {cure}"
    # One row has space for one sentence.
    happened, *rest = [happened] if is_whole else _SENTENCE.split(happened, maxsplit=1)
    happened = escape_controls(_after_colon(happened))
    where = f" in {escape_controls(comparison.place.label)}" if comparison else ""
    return VerdictText(
        outcome(verdict) + where,
        happened,
        _shorter(happened, verdict),
        key,
        escape_controls(action),
        others,
        tuple(_more(verdict, notes, (cure, why, *rest), said)),
        is_stale,
        is_saved=bool(saved) and action == saved,
    )


def with_labels(text: str) -> str:
    """Replace the settings and commands that a text mentions by the form's labels and keys."""
    text = without_commands(text)
    key, place = _key_patterns()
    return place.sub(lambda match: key.sub(lambda one: BY_KEY[one[0]].label, match[0]), text)


def without_commands(text: object) -> str:
    """Replace command lines and options by the keys of the form that do the same."""
    return reword("sign-in-words", text, key=key_of("sign_in"), explain=key_of("explain"))


@cache
def _key_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the pattern of a key, and of where a text names keys, as in a file."""
    key = f"(?:{'|'.join(sorted(BY_KEY, key=len, reverse=True))})"
    verb = "[Ss]et|[Cc]heck|[Uu]se(?! port| from)|spelling of|Lowering|Often"
    # A path, an address or an assignment was sent by a server or is a value: it stays.
    code = r"(?<![\w/.=-])[a-z]+_[a-z_]+\b(?![=/@-]|\.\w)"
    place = (
        rf"\b(?:{verb}) {key}(?:,? (?:and|or) {key})*\b"
        rf"|, (?:and |or ){key}(?= to )|{code}"
    )
    return re.compile(rf"\b{key}\b"), re.compile(place)


def _other_fixes(count: int) -> str:
    """Return how to see all fixes, if there is more than one."""
    listed = "both" if count == 2 else f"all {count}"
    return f"{key_of('fixes')} lists {listed}." if count > 1 else ""


def _first_step(cure: str) -> tuple[str, str]:
    """Split a cure into its first sentence that says what to do, and the others."""
    sentences = _SENTENCE.split(cure)
    # A sentence about what smtp-tui has already tried is not a step.
    first = next((text for text in sentences if not text.startswith("smtp-tui ")), cure)
    return first, " ".join(text for text in sentences if text != first)


def _more(
    verdict: Verdict, notes: Sequence[str], reasons: Sequence[str], said: str
) -> Iterator[VerdictLine]:
    """Yield what follows the first two rows, escaped; `said` is what they say to do."""
    warnings = dict(zip(verdict.warnings, verdict.warning_texts, strict=True))
    unknown = warnings.pop(WarningId.DELIVERY_UNKNOWN, "")
    labels = ", ".join(map(label, warnings))
    for text, title, is_warning in (
        *((note, "", False) for note in notes),
        (unknown, "", True),  # the admin must know this before sending again
        *((reply, title, False) for title, reply in replies(verdict)),
        *((reason, "", False) for reason in reasons),
        *((text, title, False) for title, text in _compared(verdict, (*reasons, said))),
        (labels, "Warnings", True),
    ):
        if text:
            yield VerdictLine(escape_controls(text), escape_controls(title), is_warning)


def _compared(verdict: Verdict, shown: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what the check from here found, and the differences that are not `shown` yet."""
    if comparison := verdict.comparison:
        for line in (here_line(comparison), *difference_lines(comparison)):
            title, _, text = line.strip().partition(": ")
            text = with_labels(text)
            if not any(text in reason for reason in shown):
                yield title.capitalize(), text


def comparison_lines(verdict: Verdict) -> list[TranscriptLine]:
    """Return the comparison with a check from here as lines of the dialogue."""
    comparison, mark = verdict.comparison, TranscriptMark.FACT
    if comparison is None:
        return []
    lines = filter(None, (here_line(comparison), *difference_lines(comparison)))
    return [TranscriptLine(verdict.seconds, mark, escape_controls(line)) for line in lines]


def _shorter(happened: str, verdict: Verdict) -> tuple[str, ...]:
    """Return what happened in fewer words.

    A rejection without the server's reply, which is in the log; a login without its mechanism, then
    with the TLS version only, as also an answer without a login.
    """
    facts = verdict.facts
    if verdict.reply:
        before, reply, _ = happened.partition(f": {verdict.reply.code} ")
        return (f"{before}.",) if reply else ()
    if verdict.cause in _STATED_BY_STAGE:
        return tuple(filter(None, (happened.partition(": ")[2],)))
    if not verdict.ok or facts is None:
        return ()
    tls = f"inside {facts.established.version}" if facts.established else "unencrypted"
    if happened.endswith("; there was no login."):
        return (f"the server answers correctly, {tls}; there was no login.",)
    if not facts.mechanism:
        return ()
    start, mechanism, link = happened.partition(f" with {facts.mechanism}, ")
    who = start.removeprefix("the server accepts the login").replace(" of ", " as ", 1)
    return (f"{start}, {link}", f"logged in{who}, {tls}.") if mechanism else ()


def _after_colon(sentence: str) -> str:
    first, _, rest = sentence.partition(" ")
    return f"{first.lower()} {rest}" if first in _PLAIN_WORDS else sentence


def _of_certificate(text: str, verdict: Verdict, *, is_whole: bool) -> str:
    """Return a text that fits in few rows, or `is_whole`.

    The page of the last test, and the question whether to trust, show all names and the hash.
    """
    certificate = verdict.tls.certificate if verdict.tls else None
    if certificate is None:
        return text
    if is_whole:
        return text.replace(certificate.fingerprint, grouped(certificate.sha256, _WIDTH))
    short = format_value(FINGERPRINT, certificate.sha256)
    return with_one_name(text, certificate).replace(certificate.fingerprint, short)


def changes_to_save(draft: SettingsDraft, file: str) -> str:
    """Return what saving would write, as the end of a hint that begins with its key; or ""."""
    changed = draft.changed
    if not changed or draft.unsavable():
        return ""
    shown = [BY_KEY[key].label for key in changed]
    if len(changed) == 1 and changed[0] != PASSWORD:
        (key,) = changed
        old, new = draft.in_file(key), draft.raw(key)
        values = " -> ".join(format_value(key, "" if raw is None else raw) for raw in (old, new))
        shown = [f"{shown[0]} ({values})"]
    return f"saves {abridged(shown, _CHANGES_SHOWN)} to {escape_controls(file)}."


def summary_of(verdict: Verdict, mail: MailRequest | None) -> str:
    """Return the verdict in a sentence, including what happened to accepted recipients."""
    if mail is None or not _reached_others(verdict):
        return verdict.summary
    rejected, count = len(_rejected(verdict)), len(verdict.recipients)
    rest = "the others would be accepted" if mail.body is None else "the others got the message"
    return f"{rejected} of {count} recipients rejected; {rest}."


def replies(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield the replies to rejected recipients, then the accepted ones, if there are several."""
    if len(verdict.recipients) == 1:
        return
    rejected = _rejected(verdict)
    for recipient in rejected:
        # Many servers repeat the address, which already stands before the reply.
        reply = " ".join(recipient.text.split()).replace(f"<{recipient.address}>: ", "", 1)
        yield recipient.address, f"{recipient.code} {reply}"
    if _reached_others(verdict):
        accepted = ", ".join(
            recipient.address for recipient in verdict.recipients if recipient not in rejected
        )
        queued = f"; queued as {verdict.queue_id}" if verdict.queue_id else ""
        yield "Accepted", f"{accepted}{queued}"


def _reached_others(verdict: Verdict) -> bool:
    """Whether the check failed only because some of the recipients were rejected."""
    is_rejection = (verdict.stage, verdict.cause) == (Stage.ENVELOPE, Cause.RECIPIENT_REFUSED)
    return is_rejection and 0 < len(_rejected(verdict)) < len(verdict.recipients)


def _rejected(verdict: Verdict) -> list[Recipient]:
    return [recipient for recipient in verdict.recipients if recipient.code // 100 != 2]


def verdict_lines(verdict: Verdict, mail: MailRequest | None) -> list[TranscriptLine]:
    """Return the verdict as lines of a dialogue, for a saved or copied text."""
    mark = TranscriptMark.FACT if verdict.ok else TranscriptMark.WARNING
    lines = [f"{outcome(verdict)}: {summary_of(verdict, mail)}"]
    lines += [f"{title}: {reply}" for title, reply in replies(verdict)]
    return [TranscriptLine(verdict.seconds, mark, escape_controls(text)) for text in lines]
