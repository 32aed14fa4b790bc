"""What to change after a failure: seen to work before likely, safe before anything that weakens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from smtp_tui.diagnosis.causes import causes, fix_texts
from smtp_tui.diagnosis.experiments import (
    TRUST,
    Change,
    experiments_for,
    is_possible,
    keeping_port,
    weakens,
)
from smtp_tui.diagnosis.template_vars import Names
from smtp_tui.diagnosis.verdict import CheckSummary, Fix
from smtp_tui.providers.provider import provider_of
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import anchor_of
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.sasl import AUTO_ENCRYPTED, AUTO_OPEN, GIVES_SECRET_AWAY


@record(kw_only=True)
class Failure:
    """A failure that is to be fixed."""

    settings: Settings
    facts: CheckSummary
    cause: str
    names: Names

    def why(self, text: str, **more: str) -> str:
        """Say why a change fixes it."""
        return fix_texts()[text].format_map(self.names | more)


Proposal = tuple[Change, str]


def fixes_for(settings: Settings, facts: CheckSummary, cause: str, names: Names) -> tuple[Fix, ...]:
    """Return the fixes of a failure, the first one the best; none where no safe one is known."""
    case = Failure(settings=settings, facts=facts, cause=cause, names=names)
    tried = [dict(trial.change) for trial in facts.trials]
    untried = (
        (change, why)
        for change, why in _proposals(case)
        if is_possible(change) and change not in tried
    )
    fixes: dict[tuple[tuple[str, object], ...], Fix] = {}
    for change, why in (*_tried(case), *untried):
        (field, value), *more = change.items()
        fix = Fix(
            field=field,
            value=value,
            why=why,
            more=dict(more) or None,
            weakens=weakens(settings, change),
            # A name of the certificate as the host leads to whatever machine has that name.
            trusts="host" in change or not TRUST.isdisjoint(change),
        )
        fixes.setdefault(tuple(change.items()), fix)
    ordered = sorted(fixes.values(), key=lambda fix: fix.weakens)
    return () if ordered and ordered[0].weakens else tuple(ordered)


def _proposals(case: Failure) -> Iterator[Proposal]:
    """Yield what the cause's entry names: changes, and fields that only the admin can fill in."""
    entry = causes().get(case.cause, {})
    for name in entry.get("fixes", ()):
        yield from _SOURCES[name](case)
    for key, text in entry.get("ask", {}).items():
        yield {key: None}, case.why(text)


def fixes_of_problems(keys: tuple[str, ...]) -> tuple[Fix, ...]:
    """Return the fixes of settings that cannot be used: the admin must know better values.

    What is wrong with each is told already; this is what the field is for.
    """
    return tuple(Fix(field=key, value=None, why=BY_KEY[key].summary) for key in keys)


def _tried(case: Failure) -> Iterator[Proposal]:
    """Yield the changes that were tried: those that worked, then those that came to a certificate.

    They stand as they were meant, whichever was over first. Where a login is what failed, a change
    that offers none fixes nothing.
    """
    facts = case.facts
    meant = [spec.name for spec in experiments_for(case.settings, facts, case.cause)]
    trials = sorted(
        facts.trials,
        key=lambda trial: meant.index(trial.name) if trial.name in meant else len(meant),
    )
    needs_login = facts.finished is not None and facts.finished.stage is Stage.AUTH
    worked = [
        trial for trial in trials if trial.outcome == "ok" and (trial.mechanisms or not needs_login)
    ]
    nearly = [
        trial
        for trial in trials
        if trial.outcome.startswith("certificate-") and "encryption" in dict(trial.change)
    ]
    for trial in (*worked, *nearly):
        yield dict(trial.change), f"Tried: {trial.text.removeprefix('experiment: ')}."


def _implicit_tls(case: Failure) -> Iterator[Proposal]:
    yield keeping_port(case.settings, {"encryption": "ssl"}), case.why("tls-at-once")


def _starttls(case: Failure) -> Iterator[Proposal]:
    if case.settings.encryption is not Encryption.TLS:
        is_offered = any("STARTTLS" in dict(offer.keywords) for offer in case.facts.offers)
        text = "starttls-offered" if is_offered else "starttls"
        yield keeping_port(case.settings, {"encryption": "tls"}), case.why(text)


def _submission_port(case: Failure) -> Iterator[Proposal]:
    if case.settings.port != 587:
        yield {"port": 587, "encryption": "tls"}, case.why("other-port")


def _mechanisms(case: Failure) -> Iterator[Proposal]:
    """The mechanisms that are offered and safe on this link, or that the settings leave open."""
    settings, facts = case.settings, case.facts
    encrypted = facts.established is not None
    safe = [one for one in (AUTO_ENCRYPTED if encrypted else AUTO_OPEN) if one in facts.mechanisms]
    open_outright = settings.encryption is Encryption.NONE and not settings.starttls_auto
    if not encrypted and open_outright:
        safe += [one for one in ("PLAIN", "LOGIN") if one in facts.mechanisms]
    refused = (facts.mechanism or settings.authentication.value).upper()
    safe = [one for one in safe if one != refused]
    is_named = settings.authentication is not Authentication.AUTO
    if is_named and any(one not in GIVES_SECRET_AWAY or encrypted for one in safe):
        yield {"authentication": "auto"}, case.why("mechanism")
    for one in safe:
        yield {"authentication": one.lower()}, case.why("mechanism")


def _no_login(case: Failure) -> Iterator[Proposal]:
    if case.facts.established:
        yield {"authentication": "none"}, case.why("no-login")


def _after_rejection(case: Failure) -> Iterator[Proposal]:
    """What the mechanism logs in with; servers that store hashes cannot do CRAM-MD5 at all."""
    match case.facts.mechanism:
        case "EXTERNAL":
            yield {"client_certificate": None}, case.why("login-certificate")
        case "XOAUTH2" | "OAUTHBEARER":
            yield {"password": None}, case.why("token")
            yield {"username": None}, case.why("token-username")
        case mechanism:
            if mechanism == "CRAM-MD5":
                yield from _mechanisms(case)
            yield from _credentials(case)


def _credentials(case: Failure) -> Iterator[Proposal]:
    """What only the admin can fix, as the provider wants it where that is known."""
    user, secret = case.why("username"), case.why("password")
    provider = provider_of(case.settings.host)
    if provider:
        user = case.why("provider-username", provider=provider.name, wanted=provider.username_is)
        secret = case.why("provider-password", provider=provider.name, wanted=provider.password_is)
        if not re.fullmatch(provider.username_pattern or ".*", case.settings.username or ""):
            yield {"username": provider.username}, user
    yield {"password": None}, secret
    yield {"username": None}, user


def _log_in(case: Failure) -> Iterator[Proposal]:
    if case.settings.username and not case.settings.authenticates:
        yield {"authentication": "auto"}, case.why("log-in")
    yield {"username": None}, case.why("login")


def _sender(case: Failure) -> Iterator[Proposal]:
    settings = case.settings
    if settings.username and "@" in settings.username and settings.username != settings.sender:
        yield {"from": settings.username}, case.why("from-login")
    yield {"from": None}, case.why("from")


def _save_ca(case: Failure) -> Iterator[Proposal]:
    if anchor_of(case.facts.chain):
        yield {"ca_file": None}, case.why("save-ca")


def _trust(case: Failure) -> Iterator[Proposal]:
    if chain := case.facts.chain:
        yield {"tls_fingerprint": chain[0].sha256}, case.why("pin")
        yield {"openssl_verify_mode": "none"}, case.why("verify-none")


def _longer_timeout(case: Failure) -> Iterator[Proposal]:
    if case.settings.timeout < 120:
        yield {"timeout": min(120, int(case.settings.timeout * 2) or 1)}, case.why("timeout")


_SOURCES: dict[str, Callable[[Failure], Iterator[Proposal]]] = {
    "implicit-tls": _implicit_tls,
    "starttls": _starttls,
    "submission-port": _submission_port,
    "mechanism": _mechanisms,
    "no-login": _no_login,
    "rejected-login": _after_rejection,
    "credentials": _credentials,
    "log-in": _log_in,
    "sender": _sender,
    "save-ca": _save_ca,
    "trust": _trust,
    "longer-timeout": _longer_timeout,
}
