"""Propose fixes for a failure: proven before likely, safe before weakening."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from smtp_tui.diagnosis.causes import causes, texts_of
from smtp_tui.diagnosis.experiments import (
    TRUST,
    Change,
    experiments_for,
    is_possible,
    keeping_port,
    weakens,
)
from smtp_tui.diagnosis.verdict import CheckSummary, Fix
from smtp_tui.providers import provider_of
from smtp_tui.settings.choices import (
    AUTO_ENCRYPTED,
    AUTO_OPEN,
    OF_TOKENS,
    Authentication,
    Encryption,
)
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import OAuthSource
from smtp_tui.smtp.certificates import anchor_of
from smtp_tui.smtp.events import Cause, Stage
from smtp_tui.smtp.sasl import GIVES_SECRET_AWAY

Proposal = tuple[Change, str]
Proposals = list[Proposal]
Propose = Callable[..., Proposals]
"""Makes a proposal of a change and the id of its reason; none unless `only_if`."""
_TOKEN_MECHANISMS = {"XOAUTH2", "OAUTHBEARER"}
# The admin signs in at the provider, and the password names what that grants.
_SIGN_IN: Change = {"password": {"oauth": ""}}


def fixes_for(
    settings: Settings, facts: CheckSummary, cause: str, names: dict[str, str]
) -> tuple[Fix, ...]:
    """Return the fixes for a failure, the best first; none if no safe one is known."""

    def propose(change: Change, text: str, *, only_if: object = True, **more: str) -> Proposals:
        return [(change, texts_of("fixes.toml")[text].format_map(names | more))] if only_if else []

    known = _connection_fixes(settings, facts, propose) | _login_fixes(settings, facts, propose)
    entry = causes().get(cause, {})
    proposed = [proposal for name in entry.get("fixes", ()) for proposal in known[name]]
    for key, text in entry.get("ask", {}).items():
        needs_token = key == "password" and _uses_token(settings, facts)
        proposed += propose({key: None}, "token" if needs_token else text)  # the admin knows it
    tried = [dict(trial.change) for trial in facts.trials]
    untried = [
        (change, text)
        for change, text in proposed
        if change is _SIGN_IN or (is_possible(change) and change not in tried)
    ]
    fixes: dict[str, Fix] = {}
    for change, text in (*_tried_changes(settings, facts, cause), *untried):
        (field, value), *more = change.items()
        fix = Fix(
            field=field,
            value=None if change is _SIGN_IN else value,
            why=text,
            more=dict(more) or None,
            weakens=weakens(settings, change),
            # A certificate's name as the host leads to any machine of that name.
            trusts="host" in change or not TRUST.isdisjoint(change),
            signs_in=change is _SIGN_IN,
        )
        fixes.setdefault(repr(change), fix)
    ordered = sorted(fixes.values(), key=lambda fix: fix.weakens)
    return () if ordered and ordered[0].weakens else tuple(ordered)


def _tried_changes(settings: Settings, facts: CheckSummary, cause: str) -> Iterator[Proposal]:
    """Yield the tried changes that worked, then those that reached a certificate.

    They keep the planned order, whichever ended first. If the login failed, a change without login
    mechanisms fixes nothing.
    """
    planned = [spec.name for spec in experiments_for(settings, facts, cause)]
    trials = sorted(
        facts.trials,
        key=lambda trial: planned.index(trial.name) if trial.name in planned else len(planned),
    )
    needs_login = facts.finished is not None and facts.finished.stage is Stage.AUTH
    worked = [
        trial for trial in trials if trial.outcome == "ok" and (trial.mechanisms or not needs_login)
    ]
    with_certificate = [
        trial
        for trial in trials
        if trial.outcome.startswith("certificate-") and "encryption" in dict(trial.change)
    ]
    for trial in (*worked, *with_certificate):
        yield dict(trial.change), f"Tried: {trial.text.removeprefix('experiment: ')}."


def _connection_fixes(
    settings: Settings, facts: CheckSummary, propose: Propose
) -> dict[str, Proposals]:
    """Return the fixes for connection and trust by their names in `causes.toml`."""
    port, seconds, chain = settings.port, settings.timeout, facts.chain
    is_here = facts.is_local(settings.host)
    is_offered = any("STARTTLS" in dict(offer.keywords) for offer in facts.offers)
    return {
        "implicit-tls": propose(keeping_port(settings, {"encryption": "ssl"}), "tls-at-once"),
        "starttls": propose(
            keeping_port(settings, {"encryption": "tls"}),
            "starttls-offered" if is_offered else "starttls",
            only_if=settings.encryption is not Encryption.TLS,
        ),
        "no-encryption": propose(
            keeping_port(settings, {"encryption": "none"}),
            "socket" if settings.is_socket else "unencrypted-here",
            only_if=is_here,
        ),
        "submission-port": propose(
            {"port": 587, "encryption": "tls"},
            "other-port",
            only_if=port != 587 and not (settings.is_lmtp or settings.is_socket),
        ),
        "other-protocol": propose(
            _other_protocol(settings),
            "protocol",
            only_if=settings.is_lmtp or (facts.finished and facts.finished.protocol == "LMTP"),
            spoken="SMTP" if settings.is_lmtp else "LMTP",
        ),
        "trust-ca": propose({"ca_file": None}, "save-ca" if anchor_of(chain) else "name-ca"),
        "trust": [
            *(propose({"tls_fingerprint": chain[0].sha256}, "pin") if chain else ()),
            *propose({"openssl_verify_mode": "none"}, "verify-none", only_if=chain),
        ],
        "longer-timeout": propose(
            {"timeout": min(120, int(seconds * 2) or 1)}, "timeout", only_if=seconds < 120
        ),
    }


def _other_protocol(settings: Settings) -> Change:
    """Return the change to the other protocol, at the same port."""
    change = {"protocol": "smtp" if settings.is_lmtp else "lmtp"}
    keeps_port = "port" in settings.given or settings.is_socket
    return change if keeps_port else {**change, "port": settings.port}


def _login_fixes(settings: Settings, facts: CheckSummary, propose: Propose) -> dict[str, Proposals]:
    """Return the fixes for login and sender by their names in `causes.toml`."""
    user, logs_in = settings.username, settings.authenticates
    is_sender = user and "@" in user and user != settings.sender
    mechanisms = _mechanisms(settings, facts, propose)
    credentials = _credentials(settings, propose)
    rejected = credentials
    if facts.mechanism == "EXTERNAL":
        rejected = propose({"client_certificate": None}, "login-certificate")
    elif facts.mechanism in ("XOAUTH2", "OAUTHBEARER"):
        sign_in = _sign_in(settings, facts, propose)
        token = propose({"password": None}, "token", only_if=not facts.has_sign_in)
        rejected = sign_in + token if facts.has_sign_in else token + sign_in
        rejected = [
            *_user_of_token(settings, facts, propose),
            *rejected,
            *propose({"username": None}, "token-username"),
        ]
    elif facts.mechanism == "CRAM-MD5":  # impossible for servers that store hashes
        rejected = mechanisms + credentials
    return {
        "mechanism": mechanisms,
        "sign-in": _sign_in(settings, facts, propose),
        "sign-in-instead": propose(
            _SIGN_IN,
            "sign-in-instead",
            only_if=not _uses_token(settings, facts)
            and not _TOKEN_MECHANISMS.isdisjoint(facts.mechanisms),
        ),
        "no-login": propose({"authentication": "none"}, "no-login", only_if=facts.established),
        "rejected-login": rejected,
        "credentials": credentials,
        "log-in": [
            *propose({"authentication": "auto"}, "log-in", only_if=user and not logs_in),
            *propose({"username": None}, "login"),
        ],
        "sender": [
            *propose({"from": user}, "from-login", only_if=is_sender),
            *propose({"from": None}, "from"),
        ],
    }


def _mechanisms(settings: Settings, facts: CheckSummary, propose: Propose) -> Proposals:
    """Propose offered mechanisms that are safe on this connection, or that the settings allow."""
    encrypted = facts.established is not None
    safe = [*(AUTO_ENCRYPTED if encrypted else AUTO_OPEN)]
    if not encrypted and settings.encryption is Encryption.NONE and not settings.starttls_auto:
        safe += ["PLAIN", "LOGIN"]
    refused = (facts.mechanism or settings.authentication.value).upper()
    others = _TOKEN_MECHANISMS.intersection(facts.mechanisms) - {refused}
    if refused in _TOKEN_MECHANISMS and encrypted and others:
        return propose({"authentication": others.pop().lower()}, "mechanism")
    if isinstance(settings.password, OAuthSource):  # no other mechanism can send a token
        return []
    safe = [name for name in safe if name in facts.mechanisms and name != refused]
    changes = [name.lower() for name in safe]
    is_named = settings.authentication is not Authentication.AUTO
    if is_named and any(name not in GIVES_SECRET_AWAY or encrypted for name in safe):
        changes.insert(0, "auto")
    return [fix for name in changes for fix in propose({"authentication": name}, "mechanism")]


def _uses_token(settings: Settings, facts: CheckSummary) -> bool:
    return settings.authentication in OF_TOKENS or facts.mechanism in _TOKEN_MECHANISMS


def _sign_in(settings: Settings, facts: CheckSummary, propose: Propose) -> Proposals:
    """Propose to sign in, or to do so again, where the settings use a token."""
    is_missing = facts.finished and facts.finished.fault is Cause.OAUTH_NOT_SIGNED_IN
    if facts.has_sign_in or (isinstance(settings.password, OAuthSource) and not is_missing):
        return propose(_SIGN_IN, "sign-in-again")
    return propose(_SIGN_IN, "sign-in", only_if=_uses_token(settings, facts))


def _user_of_token(settings: Settings, facts: CheckSummary, propose: Propose) -> Proposals:
    """Propose the user that a readable token is for, if the username is another one."""
    user = facts.token.facts.user if facts.token else None
    is_other = user and user.casefold() != (settings.username or "").casefold()
    return propose({"username": user}, "user-of-token", only_if=is_other)


def _credentials(settings: Settings, propose: Propose) -> Proposals:
    """Propose credentials for the admin to correct, in the provider's form if known."""
    provider = provider_of(settings.host)
    if provider is None:
        return propose({"password": None}, "password") + propose({"username": None}, "username")
    user = {"provider": provider.name, "wanted": provider.username_is}
    password = user | {"wanted": provider.password_is}
    is_good = re.fullmatch(provider.username_pattern or ".*", settings.username or "")
    return [
        *propose({"username": provider.username}, "provider-username", only_if=not is_good, **user),
        *propose({"password": None}, "provider-password", **password),
        *propose({"username": None}, "provider-username", **user),
    ]
