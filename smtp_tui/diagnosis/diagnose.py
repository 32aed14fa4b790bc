"""Turn the facts of a check into a verdict, and define the variables of its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtp_tui.diagnosis.causes import label, parts_of, texts_of
from smtp_tui.diagnosis.verdict import CheckSummary, Fix, Recipient, Verdict
from smtp_tui.lazy import load
from smtp_tui.safe_text import MASK, abridged, escape_controls, mask_credentials, shortened
from smtp_tui.settings.choices import OF_TOKENS
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.validate import Problem
from smtp_tui.smtp.certificates import Certificate, anchor_of, missing_issuer
from smtp_tui.smtp.events import Cause, Finished, Stage, WarningId
from smtp_tui.smtp.transcript import endpoint

if TYPE_CHECKING:
    from smtp_tui.diagnosis.egress import Egress
    from smtp_tui.diagnosis.rules import ReplyRule

_CAUSES_WITH_REPLY = (Cause.REFUSED, Cause.RECIPIENT_REFUSED)
# RFC 6409 and RFC 8314: ports for clients that log in.
_SUBMISSION_PORTS = (465, 587)

AUTH_REJECTED = "auth-rejected"
UNKNOWN = "unknown"
_SHOWN_NAMES = 5
_DURING = {
    Stage.CONNECT: " while smtp-tui connected",
    Stage.GREETING: " before the greeting",
    Stage.EHLO: " after EHLO",
    Stage.TLS: " during the TLS handshake",
    Stage.AUTH: " during the login",
    Stage.MESSAGE: " while smtp-tui sent the message",
}
# Clauses, or empty text, that `experiments.hints` supplies after a failure.
_OPTIONAL_NAMES = (
    *("try_ports", "try_ssl", "try_starttls", "or_auto", "encrypt", "about_mechanism", "if_cram"),
    "sign_in_ends",
)
NAMES = (
    *("host", "port", "endpoint", "encryption", "authentication", "tls_minimum", "tls_name"),
    *("username", "detail", "command", "during", "speaks", "mechanisms", "reply", "peer_look"),
    *("address", "trusted", "trusted_sha256", "hello", "proxy"),
    *("names", "issuer", "missing", "not_before", "not_after", "sha256"),
    *_OPTIONAL_NAMES,
)


def diagnose(
    settings: Settings | None,
    facts: CheckSummary,
    seconds: float,
    problems: tuple[Problem, ...] = (),
) -> Verdict:
    """Return a finished check's verdict; without `settings`, the `problems` say why."""
    finished = facts.finished
    if finished is None:
        raise AssertionError("a check without an end has no verdict")
    names = template_vars(settings, facts)
    cause: str | None = None
    proposed: tuple[Fix, ...] = ()
    egress: Egress | None = None
    if finished.fault is None:
        texts = {"what": _success_text(facts, settings), "why": "", "cure": ""}
    else:
        cause, rule = _cause_and_rule(finished, settings, facts)
        texts = _failure_texts(cause, rule, settings, facts)
        proposed, names = _fixes_and_names(settings, facts, problems, cause, names)
        texts = {part: text.format_map(names) for part, text in texts.items()} | facts.explained
        texts |= _token_texts(cause, rule, settings, facts)
        if settings and facts.probed:
            from smtp_tui.diagnosis.egress import (  # few checks end so
                cause_of_port,
                egress_of,
                egress_texts,
            )

            egress = egress_of(facts.probed)
            texts |= egress_texts(settings, facts.probed, egress, cause, names)
            cause = cause_of_port(cause, facts.probed)
    also = tuple(fault.value for fault in finished.also)
    shown = tuple(warning for warning in facts.warnings if warning.value != cause)
    return Verdict(
        seconds=seconds,
        ok=cause is None,
        stage=finished.stage,
        cause=cause,
        summary=texts["what"],
        why=texts["why"],
        cure=texts["cure"],
        also=also,
        warnings=shown,
        reply=finished.reply,
        protocol=finished.protocol,
        address=facts.address,
        tls=facts.tls,
        mechanisms=facts.mechanisms,
        recipients=_recipients(facts),
        queue_id=facts.queue_id,
        problems=tuple(map(str, problems)),
        fixes=proposed,
        egress=egress,
        also_texts=tuple(parts_of(other)["what"].format_map(names) for other in also),
        warning_texts=tuple(warning_text(warning, names) for warning in shown),
        facts=facts,
    )


def _fixes_and_names(
    settings: Settings | None,
    facts: CheckSummary,
    problems: tuple[Problem, ...],
    cause: str,
    names: dict[str, str],
) -> tuple[tuple[Fix, ...], dict[str, str]]:
    """Return the fixes of a failure, and the variables of its texts."""
    if settings is None:
        # The problems are already reported; this says what their fields are for.
        return tuple(
            Fix(field=problem.key, value=None, why=BY_KEY[problem.key].summary)
            for problem in problems
        ), names
    # Saves 20 ms in a check that passes, as these import the providers.
    from smtp_tui.diagnosis import experiments, fixes

    names = names | experiments.hints(settings, facts)
    return fixes.fixes_for(settings, facts, cause, names), names


def _recipients(facts: CheckSummary) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(address=reply.recipient, code=reply.reply.code, text=reply.reply.text)
        for reply in facts.recipients
    )


def _failure_texts(
    cause: str, rule: ReplyRule | None, settings: Settings | None, facts: CheckSummary
) -> dict[str, str]:
    texts = parts_of(
        cause,
        is_local=settings is not None and facts.is_local(settings.host),
        is_lmtp=facts.finished is not None and facts.finished.protocol == "LMTP",
        has_token=settings is not None and settings.authentication in OF_TOKENS,
        is_socket=settings is not None and settings.is_socket,
    )
    if rule is not None and rule.cause == cause:
        own = {"what": rule.what, "why": rule.why, "cure": rule.cure}
        texts |= {part: text for part, text in own.items() if text}
    return texts


def _token_texts(
    cause: str, rule: ReplyRule | None, settings: Settings | None, facts: CheckSummary
) -> dict[str, str]:
    """Return what the token itself shows about a failure; the server's reply seldom says it."""
    token = facts.token
    if token is None:
        return {}
    if cause == Cause.TOKEN_UNFIT and (unfit := token.unfit):
        return {"cure": unfit.cure}
    if cause != AUTH_REJECTED:
        return {}
    why_rejected, renewed, cure_of = (
        load(f"diagnosis.tokens:{name}")
        for name in ("why_rejected", "RenewedSignIn", "cure_of_sign_in")
    )
    username = (settings and settings.username) or ""
    sign_in = renewed(username=username, granted=facts.granted) if facts.has_sign_in else None
    texts = {"why": why_rejected(token, facts.challenge, sign_in)}
    # A provider's own rule knows its scope, and what else may be switched off there.
    if sign_in and (rule is None or not rule.providers):
        texts["cure"] = cure_of(sign_in, facts.challenge)
    return {part: text for part, text in texts.items() if text}


def cause_of(finished: Finished, settings: Settings, facts: CheckSummary) -> str | None:
    """Return a finished check's cause id; None if it passed."""
    return _cause_and_rule(finished, settings, facts)[0] if finished.fault else None


def _cause_and_rule(
    finished: Finished, settings: Settings | None, facts: CheckSummary
) -> tuple[str, ReplyRule | None]:
    """Return the cause id of a failure, and the rule for its negative reply, if any."""
    cause = str(finished.fault)
    if finished.reply is None or finished.fault not in _CAUSES_WITH_REPLY:
        return cause, None
    from smtp_tui.diagnosis.rules import rule_of_refusal  # few checks end so

    # A login can only be missing if the server offers one, or its port is for one.
    lacks_login = (
        settings is not None
        and not settings.authenticates
        and (bool(facts.mechanisms) or settings.port in _SUBMISSION_PORTS)
    )
    host = settings.host if settings else None
    stage, command, reply = finished.stage, finished.command, finished.reply
    rule = rule_of_refusal(stage, command, reply, host, without_login=lacks_login)
    return rule.cause if finished.fault is Cause.REFUSED else cause, rule


def warning_text(warning: WarningId, names: dict[str, str]) -> str:
    """Return a warning's text of a sentence or two."""
    text: str = texts_of("warnings.toml")[warning.value]["text"]
    return text.format_map(names)


def _success_text(facts: CheckSummary, settings: Settings | None) -> str:
    if settings is None:
        raise AssertionError("nothing passes without settings")
    link = "unencrypted"
    if facts.established:
        certificate = "verified" if facts.established.verified else "not verified"
        if settings.tls_fingerprint:
            certificate = "pinned"
        link = f"inside {facts.established.version}, certificate {certificate}"
    if facts.is_accepted:
        queued = f", as {facts.queue_id}" if facts.queue_id else ""
        text = f"The server accepted the message{queued}, {link}. {_after_queue(facts)}"
    elif facts.recipients:
        first, *others = [reply.recipient for reply in facts.recipients]
        shown = f"{first} and {len(others)} more" if others else first
        text = f"The server accepts mail for {shown}, {link}. No message was sent."
    elif settings.authenticates:
        who = f" of {_shown_username(settings, facts)}" if settings.username else ""
        text = f"The server accepts the login{who} with {facts.mechanism}, {link}."
    else:
        text = f"The server {settings.host} answers correctly, {link}; there was no login."
    return escape_controls(text)


def _after_queue(facts: CheckSummary) -> str:
    """Return what the mail server's log says, if it was followed, without claiming more."""
    count = len(facts.followed)
    if count == 0:
        return "This does not prove delivery."
    if count > 1:
        return f"Then it was handed on for all {count} recipients. This does not prove arrival."
    (only,) = facts.followed.values()
    sentence = shortened(only.sentence.rstrip("."))
    return f"Then it was {sentence}.{'' if only.is_local else ' This does not prove arrival.'}"


def _shown_username(settings: Settings, facts: CheckSummary) -> str:
    if facts.username_is_secret:
        return MASK
    return mask_credentials(settings.username or "no user")


def template_vars(settings: Settings | None, facts: CheckSummary) -> dict[str, str]:
    """Return a value for each of `NAMES`, in one line and safe for a terminal."""
    names = dict.fromkeys(NAMES, UNKNOWN) | dict.fromkeys(_OPTIONAL_NAMES, "")
    if settings is not None:
        place = endpoint(facts.address or settings.host, settings.port)
        names |= {
            "host": settings.host,
            "port": str(settings.port),
            "endpoint": place if settings.host in place else f"{settings.host} ({place})",
            "encryption": settings.encryption.value,
            "authentication": settings.authentication.value,
            "username": _shown_username(settings, facts),
            "tls_minimum": f"TLS {settings.tls_minimum.value}",
            "tls_name": settings.tls_name,
            "proxy": str(settings.proxy),
        }
    if facts.finished is not None:
        names |= _end_vars(facts.finished, names["host"])
    if certificate := facts.tls and facts.tls.certificate:
        names |= {
            "names": certificate_names(certificate),
            "issuer": certificate.issuer or "an unnamed issuer",
            "not_before": f"{certificate.not_before:%Y-%m-%d %H:%M} UTC",
            "not_after": f"{certificate.not_after:%Y-%m-%d %H:%M} UTC",
            "sha256": certificate.fingerprint,
        }
    if facts.chain:
        names["missing"] = missing_issuer(facts.chain) or "an unnamed issuer"
        if anchor := anchor_of(facts.chain):
            names |= {"trusted": anchor.subject, "trusted_sha256": anchor.fingerprint}
    if facts.sign_in_ends_at:
        names["sign_in_ends"] = f": {facts.sign_in_ends_at:%Y-%m-%d %H:%M} UTC"
    names["address"] = facts.address or UNKNOWN
    names["hello"] = facts.greeted_as or "EHLO"
    names["mechanisms"] = " ".join(facts.mechanisms) or "none"
    names["peer_look"] = ""
    if facts.peer_would == "ok":
        names["peer_look"] = " Mode peer would accept this certificate."
    elif facts.peer_would is not None:
        why = label(facts.peer_would)
        names["peer_look"] = f" Mode peer would reject this certificate: {why}."
    return {name: escape_controls(shortened(value)) for name, value in names.items()}


def certificate_names(certificate: Certificate, most: int = _SHOWN_NAMES) -> str:
    """Return a certificate's names as the texts give them, but at most `most`."""
    return abridged(certificate.names, most) or certificate.subject


def with_one_name(text: str, certificate: Certificate) -> str:
    """Return a verdict's text, shortened to one name of the certificate."""
    all_names, one = (
        escape_controls(shortened(certificate_names(certificate, most)))
        for most in (_SHOWN_NAMES, 1)
    )
    return text.replace(all_names, one)


def _end_vars(finished: Finished, host: str) -> dict[str, str]:
    def clause(text: str) -> str:
        """Fit a text of the server or the system into a sentence."""
        return " ".join(text.split()).rstrip(" .:;,")

    answer = finished.reply
    reply = clause(f"{answer.code} {answer.text}") if answer else ""
    detail = clause(finished.detail.removeprefix(f"looking up {host}: "))
    during = _DURING.get(finished.stage, "")
    if finished.command and finished.stage is not Stage.TLS:
        during = f" after {finished.command}"
    return {
        "reply": reply or "no reply",
        "detail": detail or reply or "no details",
        "command": finished.command or "the connection",
        "during": during,
        "speaks": f" (it speaks {finished.protocol})" if finished.protocol else "",
    }
