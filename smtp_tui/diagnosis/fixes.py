"""What to change after a failure: seen to work before likely, safe before anything that weakens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from smtp_tui.diagnosis.causes import fix_texts
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
from smtp_tui.providers.known import provider_of
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import anchor_of
from smtp_tui.smtp.events import Experiment, Stage
from smtp_tui.smtp.sasl import AUTO_ENCRYPTED, AUTO_OPEN, GIVES_SECRET_AWAY


@record(kw_only=True)
class Failure:
    """A failure that is to be cured."""

    settings: Settings
    facts: CheckSummary
    cause: str
    names: Names

    def why(self, text: str, **more: str) -> str:
        """Word why a change cures."""
        return fix_texts()[text].format_map(self.names | more)


Proposal = tuple[Change, str]
Source = Callable[[Failure], Iterator[Proposal]]


def fixes_for(settings: Settings, facts: CheckSummary, cause: str, names: Names) -> tuple[Fix, ...]:
    """Return the fixes of a failure, the first one the best; none where no safe one is known."""
    case = Failure(settings=settings, facts=facts, cause=cause, names=names)
    fixes: dict[tuple[tuple[str, object], ...], Fix] = {}
    for change, why in _tried(case):
        fixes.setdefault(tuple(change.items()), _fix(case, change, why))
    for source in _SOURCES.get(cause, ()):
        for change, why in source(case):
            if is_possible(change) and not _was_tried(facts, change):
                fixes.setdefault(tuple(change.items()), _fix(case, change, why))
    ordered = sorted(fixes.values(), key=lambda fix: fix.weakens)
    return () if ordered and ordered[0].weakens else tuple(ordered)


def fixes_of_problems(keys: tuple[str, ...]) -> tuple[Fix, ...]:
    """Return the fixes of settings that cannot be used: the admin must know better values.

    What is wrong with each is told already; this is what the field is for.
    """
    return tuple(Fix(field=key, value=None, why=BY_KEY[key].summary) for key in keys)


def _fix(case: Failure, change: Change, why: str) -> Fix:
    (field, value), *more = change.items()
    from_certificate = "host" in change
    return Fix(
        field=field,
        value=value,
        why=why,
        more=dict(more) or None,
        weakens=weakens(case.settings, change),
        trusts=from_certificate or not TRUST.isdisjoint(change),
    )


def _tried(case: Failure) -> Iterator[Proposal]:
    """Yield the changes that were tried: those that worked, then those that came to a certificate.

    They stand as they were meant, whichever was over first. Where a login is what failed, a change
    that offers none cures nothing.
    """
    facts = case.facts
    meant = [trial.name for trial in experiments_for(case.settings, facts, case.cause)]
    trials = sorted(
        facts.trials, key=lambda one: meant.index(one.name) if one.name in meant else len(meant)
    )
    wants_login = facts.finished is not None and facts.finished.stage is Stage.AUTH
    worked = [one for one in trials if one.outcome == "ok"]
    useful = [one for one in worked if one.mechanisms or not wants_login]
    nearly = [one for one in trials if one.outcome.startswith("certificate-")]
    for one in (*useful, *(one for one in nearly if "encryption" in dict(one.change))):
        yield dict(one.change), _seen(one)


def _seen(trial: Experiment) -> str:
    return f"Tried: {trial.text.removeprefix('experiment: ')}."


def _was_tried(facts: CheckSummary, change: Change) -> bool:
    return any(dict(one.change) == change for one in facts.trials)


def _tls_at_once(case: Failure) -> Iterator[Proposal]:
    yield keeping_port(case.settings, {"encryption": "ssl"}), case.why("tls-at-once")


def _starttls(case: Failure) -> Iterator[Proposal]:
    if case.settings.encryption is not Encryption.TLS:
        text = "starttls-offered" if _offers(case.facts, "STARTTLS") else "starttls"
        yield keeping_port(case.settings, {"encryption": "tls"}), case.why(text)


def _other_port(case: Failure) -> Iterator[Proposal]:
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
    """What only the admin can put right, as the provider wants it where that is known."""
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


def _trust(case: Failure) -> Iterator[Proposal]:
    chain = case.facts.chain
    if anchor_of(chain) and case.cause in _CURED_BY_CA:
        yield {"ca_file": None}, case.why("save-ca")
    if chain:
        yield {"tls_fingerprint": chain[0].sha256}, case.why("pin")
        yield {"openssl_verify_mode": "none"}, case.why("verify-none")


def _slowness(case: Failure) -> Iterator[Proposal]:
    if case.settings.timeout < 120:
        yield {"timeout": min(120, int(case.settings.timeout * 2) or 1)}, case.why("timeout")


def _only_you(key: str, text: str) -> Source:
    def source(case: Failure) -> Iterator[Proposal]:
        yield {key: None}, case.why(text)

    return source


def _offers(facts: CheckSummary, keyword: str) -> bool:
    return any(keyword in dict(offer.keywords) for offer in facts.offers)


_CURED_BY_CA = ("certificate-self-signed", "certificate-unknown-issuer")
_SOURCES: dict[str, tuple[Source, ...]] = {
    "password-missing": (_only_you("password", "password"),),
    "password-source-failed": (_only_you("password", "password"),),
    "host-not-found": (_only_you("host", "host"),),
    "implicit-tls-expected": (_tls_at_once,),
    "plain-text-expected": (_starttls,),
    "reply-timeout": (_slowness,),
    "ehlo-refused": (_only_you("domain", "domain"),),
    "server-busy": (),
    "starttls-not-offered": (_other_port,),
    "client-certificate-required": (_only_you("client_certificate", "client-certificate"),),
    "certificate-self-signed": (_trust,),
    "certificate-unknown-issuer": (_trust,),
    "certificate-incomplete-chain": (_trust,),
    "certificate-name-mismatch": (_trust,),
    "certificate-not-yet-valid": (_trust,),
    "certificate-expired": (_trust,),
    "auth-not-offered": (_starttls, _no_login),
    "auth-mechanism-not-offered": (_mechanisms,),
    "auth-mechanism-too-weak": (_mechanisms,),
    "auth-needs-encryption": (_starttls,),
    "auth-rejected": (_after_rejection,),
    "auth-app-password-needed": (_credentials,),
    "auth-challenge-malformed": (_mechanisms,),
    "encryption-required": (_starttls,),
    "auth-required": (_log_in,),
    "relay-denied": (_log_in,),
    "sender-refused": (_sender,),
}
