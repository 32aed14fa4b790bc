"""Read an access token offline: for whom, for what and until when. Pure; no signature is checked.

A token is shown only by what it says; no text or repr holds the token.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Literal

from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.providers import provider_of
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, mask_credentials, shortened

LARGEST = 64 * 1024
"""Characters of a token."""
_LONGEST, _MOST = 160, 16
# What a clock may be off before a token counts as expired.
_LEEWAY = timedelta(minutes=5)

_GRAPH = ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000")
_EXCHANGE = (
    "https://outlook.office.com",
    "https://outlook.office365.com",
    "00000002-0000-0ff1-ce00-000000000000",
)
# Other clouds have audiences of their own.
_EXCHANGE_HOSTS = ("microsoft-365", "outlook")
_COMPACT = re.compile(r"[A-Za-z0-9_-]+")
_JWS_PARTS, _JWE_PARTS = 3, 5

_GOOGLE = ("https://accounts.google.com", "accounts.google.com")
Looks = Literal["", "broken", "text", "json", "response", "google-refresh", "google"]
Severity = Literal["sure", "likely", "note"]


@record(kw_only=True)
class TokenFacts:
    """What a token says about itself, escaped and bounded; empty if it cannot be read.

    `wrapped` is what stands around it and does not belong to it; `looks` is what it seems to be
    instead of an access token, or whose.
    """

    kind: Literal["jwt", "opaque", "encrypted"]
    wrapped: Literal["", "quotes", "scheme"] = ""
    looks: Looks = ""
    is_id_token: bool = False
    audience: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    expires_at: datetime | None = None
    not_before: datetime | None = None
    user: str | None = None
    tenant: str | None = None
    app: str | None = None
    issuer: str | None = None


@record
class TokenFinding:
    """Something about a token that matters for a login; `cure` may be empty."""

    id: str
    severity: Severity
    text: str
    cure: str = ""

    @property
    def sentence(self) -> str:
        """The text as a sentence."""
        return f"{self.text[:1].upper()}{self.text[1:]}."


@record
class AuthChallenge:
    """A server's JSON error of XOAUTH2 or OAUTHBEARER (RFC 7628, section 3.2.2)."""

    status: str
    scope: str = ""
    schemes: str = ""


@record(kw_only=True)
class JudgedToken:
    """A token's facts and findings; the most severe findings come first."""

    facts: TokenFacts
    findings: tuple[TokenFinding, ...] = field(default=())

    @property
    def unfit(self) -> TokenFinding | None:
        """Why the server must reject it, if that is sure."""
        return next((found for found in self.findings if found.severity == "sure"), None)


def judge(token: str, host: str, username: str | None, now: datetime | None = None) -> JudgedToken:
    """Read a token that is to log a user in at a host."""
    facts = read_token(token)
    found = findings(facts, host, username, now or datetime.now(UTC))
    order: tuple[Severity, ...] = ("sure", "likely", "note")
    ordered = sorted(found, key=lambda finding: order.index(finding.severity))
    return JudgedToken(facts=facts, findings=tuple(ordered))


def read_token(token: str) -> TokenFacts:
    """Return what a token says; one that is not a JSON Web Token says nothing."""
    text = token.strip()
    wrapped: Literal["", "quotes", "scheme"] = ""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text, wrapped = text[1:-1], "quotes"
    elif text[:7].casefold() == "bearer ":
        text, wrapped = text[7:].strip(), "scheme"
    looks: Looks = _looks(text)
    if looks == "broken":
        text = "".join(text.split())
    parts = text.split(".") if len(text) <= LARGEST else []
    header = _json_object(parts[0]) if len(parts) in (_JWS_PARTS, _JWE_PARTS) else None
    if header is None:
        return TokenFacts(kind="opaque", wrapped=wrapped, looks=looks)
    if len(parts) == _JWE_PARTS:
        return TokenFacts(kind="encrypted", wrapped=wrapped)
    claims = _json_object(parts[1])
    if claims is None:
        return TokenFacts(kind="opaque", wrapped=wrapped)
    scopes = _words(claims, "scp", "scope")
    roles = _texts(claims.get("roles"))
    audience = _texts(claims.get("aud"))
    # Google's access tokens cannot be read, and for a client ID it issues no other JWT.
    is_googles = _first(claims, "iss") in _GOOGLE and any(map(_is_google_client, audience))
    id_only = is_googles or any(key in claims for key in ("nonce", "at_hash", "c_hash"))
    return TokenFacts(
        kind="jwt",
        wrapped=wrapped,
        looks=looks,
        is_id_token=id_only and not scopes and not roles,
        audience=audience,
        scopes=scopes,
        roles=roles,
        expires_at=_moment(claims.get("exp")),
        not_before=_moment(claims.get("nbf")),
        user=_user(claims),
        tenant=_first(claims, "tid"),
        app=_first(claims, "appid", "azp", "client_id"),
        issuer=_first(claims, "iss"),
    )


def _is_google_client(audience: str) -> bool:
    return audience.endswith(".apps.googleusercontent.com")


def _looks(text: str) -> Looks:
    """Return what a text is instead of a token (RFC 6750, section 2.1), as far as it shows."""
    if text.startswith("{") and _json_in(text):
        return "json"
    if not text.isascii() or not text.isprintable() or " " in text:
        joined = "".join(text.split())
        parts = joined.split(".") if len(joined) <= LARGEST else []
        is_jwt = len(parts) == _JWS_PARTS and _json_object(parts[0]) is not None
        return "broken" if is_jwt else "text"
    with suppress(binascii.Error):
        if b"\1auth=Bearer " in b64decode(text[:LARGEST], validate=True):
            return "response"
    # The prefixes are not promised, so that the texts only say what it looks like.
    prefixes: tuple[tuple[str, Looks], ...] = (
        ("1//", "google-refresh"),
        ("ya29.", "google"),
    )
    return next((looks for prefix, looks in prefixes if text.startswith(prefix)), "")


def _json_in(text: str) -> bool:
    try:
        return isinstance(json.loads(text[:LARGEST]), dict)
    except (ValueError, RecursionError):
        return False


def _user(claims: Mapping[str, object]) -> str | None:
    """Return the user's name; the subject only where it is an address, for most are numbers."""
    named = _first(claims, "upn", "unique_name", "preferred_username", "email", "username")
    subject = _first(claims, "sub")
    return named or (subject if subject and "@" in subject else None)


def findings(
    facts: TokenFacts, host: str, username: str | None, now: datetime
) -> tuple[TokenFinding, ...]:
    """Return what is wrong with a token, or worth knowing, for a login at a host."""
    values = {
        "audience": ", ".join(facts.audience),
        "scopes": " ".join(facts.scopes),
        "expires_at": _shown(facts.expires_at),
        "not_before": _shown(facts.not_before),
        "now": _shown(now),
        "user": facts.user or "",
        "username": _bounded(mask_credentials(username or "")),
    }
    texts = texts_of("tokens.toml")
    return tuple(
        TokenFinding(
            name,
            texts[name]["severity"],
            texts[name]["text"].format_map(values),
            texts[name].get("cure", ""),
        )
        for name in (*_about_any(facts, username, now), *_about_exchange(facts, host))
    )


def _about_any(facts: TokenFacts, username: str | None, now: datetime) -> Iterator[str]:
    if facts.wrapped:
        yield "token-quoted" if facts.wrapped == "quotes" else "token-with-scheme"
    if facts.looks and facts.looks != "google":
        yield f"token-looks-{facts.looks}"
    elif facts.kind != "jwt":
        yield f"token-{facts.kind}"
    if facts.is_id_token:
        yield "token-is-id-token"
    if facts.expires_at and facts.expires_at < now:
        yield "token-expired" if facts.expires_at < now - _LEEWAY else "token-ending"
    if facts.not_before and facts.not_before > now + _LEEWAY:
        yield "token-not-yet-valid"
    if facts.user and username and facts.user.casefold() != username.casefold():
        yield "token-of-other-user"


def _about_exchange(facts: TokenFacts, host: str) -> Iterator[str]:
    """Yield what only Exchange Online's servers are known to require."""
    provider = provider_of(host)
    if facts.looks == "google" and provider is not None and provider.id in _EXCHANGE_HOSTS:
        yield "token-looks-google"
    audience = {text.rstrip("/").casefold() for text in facts.audience}
    # Without a host, the token itself may name Microsoft.
    is_meant = not host and not audience.isdisjoint((*_GRAPH, *_EXCHANGE))
    is_exchange = provider is not None and provider.id in _EXCHANGE_HOSTS
    if facts.kind != "jwt" or not (is_exchange or is_meant):
        return
    if audience and audience <= set(_GRAPH):
        yield "token-for-graph"
    elif audience and audience.isdisjoint(_EXCHANGE):
        yield "token-other-audience"
    elif facts.scopes:
        if not any(scope.rpartition("/")[2] == "SMTP.Send" for scope in facts.scopes):
            yield "token-without-smtp-scope"
    elif "SMTP.SendAsApp" in facts.roles:
        yield "token-of-application"
    elif facts.app and not facts.user and not facts.is_id_token:
        yield "token-without-role"


def read_challenge(text: str) -> AuthChallenge | None:
    """Parse a server's decoded challenge; None if it is no error in JSON."""
    try:
        found = json.loads(text[:LARGEST], object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("status"), str | int):
        return None
    status, scope, schemes = (_bounded(str(found.get(key) or "")) for key in _CHALLENGE)
    return AuthChallenge(status, scope, schemes)


_FRESH = (
    "smtp-tui renewed the token a moment ago, so it has not expired. It is for another account, or "
    "lacks the scope that the server wants."
)
_NOT_EXPIRED = (
    "The token is valid until {expires_at}, so it has not expired. It is for another account, or "
    "the server wants another audience or scope."
)
_CHALLENGE = ("status", "scope", "schemes")
_OF_CHALLENGES = {
    "invalid_token": "the server says that the token is expired, revoked or not for it",
    "401": "the server says that the token is expired, revoked or not for it",
    "insufficient_scope": "the server says that the token lacks a scope",
    "403": "the server says that the token lacks a scope, or that the account is disabled",
    "invalid_request": "the server cannot read what the token came in",
}


@record(kw_only=True)
class RenewedSignIn:
    """The sign-in of a check, whose token was renewed a moment ago; `granted` are its scopes."""

    username: str
    granted: tuple[str, ...] = ()


def challenge_text(decoded: str, scopes: Iterable[str] = ()) -> str:
    """Return what a server's decoded challenge says of a token with `scopes`; often empty."""
    challenge = read_challenge(decoded)
    said = _OF_CHALLENGES.get(challenge.status, "") if challenge else ""
    if challenge and said and _names_scope(challenge) and challenge.scope not in scopes:
        return f"{said}; it wants the scope {challenge.scope}"
    return said


def _names_scope(challenge: AuthChallenge) -> bool:
    """Whether the scope is a provider's: Dovecot always sends the word mail."""
    return challenge.scope.startswith("https://")


def why_rejected(
    judged: JudgedToken,
    decoded: str,
    sign_in: RenewedSignIn | None = None,
    now: datetime | None = None,
) -> str:
    """Return what a token and the server's decoded challenge say about a rejection.

    Empty if they explain nothing.
    """
    granted = sign_in.granted if sign_in else ()
    said = challenge_text(decoded, (*judged.facts.scopes, *granted))
    said = f"{said[:1].upper()}{said[1:]}." if said else ""
    found = judged.findings[0] if judged.findings else None
    if found is not None and found.id != "token-opaque":
        return f"{found.sentence} {said}".strip()
    if sign_in:
        scopes = f" The sign-in has the scopes {_bounded(' '.join(granted))}." if granted else ""
        return f"{said or _FRESH}{scopes}"
    expires_at = judged.facts.expires_at
    if not said and expires_at and expires_at > (now or datetime.now(UTC)):
        return _NOT_EXPIRED.format(expires_at=_shown(expires_at))
    return said


def cure_of_sign_in(sign_in: RenewedSignIn, decoded: str) -> str:
    """Return what to do about a sign-in whose token the server rejects."""
    username = _bounded(mask_credentials(sign_in.username))
    cure = f"Sign in again with smtp-tui login, as {username} in the browser too."
    challenge = read_challenge(decoded)
    if challenge and _names_scope(challenge) and challenge.scope not in sign_in.granted:
        return f"{cure} Ask for the scope that the server wants: --scope {challenge.scope}."
    return f"{cure} --scope asks for the scope that the server wants."


def as_object(judged: JudgedToken) -> dict[str, object]:
    """Return a token's facts and findings for JSON, without the token."""
    facts = judged.facts
    return {
        "kind": facts.kind,
        "audience": facts.audience,
        "scopes": facts.scopes,
        "roles": facts.roles,
        "expires_at": facts.expires_at and facts.expires_at.isoformat(),
        "not_before": facts.not_before and facts.not_before.isoformat(),
        "user": facts.user,
        "tenant": facts.tenant,
        "app": facts.app,
        "issuer": facts.issuer,
        "findings": [
            {"id": found.id, "severity": found.severity, "text": found.sentence}
            for found in judged.findings
        ],
    }


def _json_object(part: str) -> Mapping[str, object] | None:
    """Decode a part of a token; None if it is no base64 of a JSON object."""
    if not _COMPACT.fullmatch(part):
        return None
    try:
        found = json.loads(
            urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_unique
        )
    except (ValueError, RecursionError, binascii.Error):
        return None
    return found if isinstance(found, dict) else None


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that occurs twice: readers would differ on which one counts."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("a name occurs twice")
        found[key] = value
    return found


def _bounded(text: str) -> str:
    return escape_controls(shortened(" ".join(text[: 4 * _LONGEST].split()), _LONGEST))


def _texts(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(_bounded(text) for text in values[:_MOST] if isinstance(text, str) and text)


def _words(claims: Mapping[str, object], *keys: str) -> tuple[str, ...]:
    """Return scopes, which are words in one text (RFC 9068) or a list."""
    for key in keys:
        if isinstance(value := claims.get(key), str):
            return _texts(value[:LARGEST].split())
        if isinstance(value, list):
            return _texts(value)
    return ()


def _first(claims: Mapping[str, object], *keys: str) -> str | None:
    for key in keys:
        if isinstance(value := claims.get(key), str) and value:
            return _bounded(value)
    return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):  # 1e400, or beyond the calendar
        return None


def _shown(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
