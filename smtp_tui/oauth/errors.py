"""What goes wrong with a sign-in: the causes of a check, and what the provider says about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from smtp_tui.config.errors import PasswordCause, PasswordError, one_line
from smtp_tui.diagnosis.oauth_errors import explain_oauth_error, lookup_address
from smtp_tui.safe_text import MASK
from smtp_tui.web.https import UntrustedServer, WebError

LONGEST = 240
"""Characters of a provider's text."""

DENIED, PENDING, SLOW_DOWN = "access_denied", "authorization_pending", "slow_down"
_DECLINED = "authorization_declined"  # Microsoft's word for DENIED in the device code flow
_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_TEMPORARY = frozenset({"temporarily_unavailable", "server_error"})
_AADSTS = re.compile(r"\bAADSTS\d{4,9}\b")
# A secret that a server repeats may be cut short; this many characters still count as it.
_SHORTEST = 8


class OAuthError(PasswordError):
    """A sign-in failed; the message is one line without secrets.

    `provider` is its id, `error` its error code (RFC 6749, section 5.2), `code` a finer one of its
    own (`AADSTS70043`), `description` its text, escaped and without secrets. `may_pass` if another
    try may get an answer.
    """

    def __init__(
        self,
        message: str,
        cause: PasswordCause,
        *,
        provider: str = "",
        error: str | None = None,
        code: str | None = None,
        description: str = "",
        may_pass: bool = False,
    ) -> None:
        super().__init__(message, cause)
        self.provider, self.error, self.code = provider, error, code
        self.description = description
        self.may_pass = may_pass


def unreachable(name: str, why: str | WebError) -> OAuthError:
    """Return the error for a provider that does not answer, or fails for now."""
    text = f"{name} gave no usable answer: {why}"
    error = OAuthError(text, "oauth-provider-unreachable", may_pass=True)
    if isinstance(why, UntrustedServer):
        error.why = "smtp-tui does not trust this certificate, so it sent nothing."
        error.to_do = (
            "Install the CA of the provider, or of a proxy that inspects TLS, on this machine, or "
            "name its file in SSL_CERT_FILE. ca_file is for the mail server alone."
        )
    return error


def unusable(name: str, why: str) -> OAuthError:
    """Return the error for an answer that no later one can mend."""
    return OAuthError(f"{name} gave no usable answer: {why}", "oauth-provider-unreachable")


def refusal(
    provider: str,
    name: str,
    answer: Mapping[str, object],
    secrets: Iterable[str],
    grant: str = "",
) -> OAuthError:
    """Return the error for a provider's error response (RFC 6749, section 5.2).

    `grant` is the grant_type that was asked with.
    """
    error = one_line(answer.get("error"), 60)
    described = answer.get("error_description")
    description = redacted(described, secrets) if isinstance(described, str) else ""
    found = _AADSTS.search(description)
    subtype = answer.get("error_subtype")  # Google's finer code
    code = found[0] if found else one_line(subtype, 60) if isinstance(subtype, str) else None
    if error in _TEMPORARY:
        cause: PasswordCause = "oauth-provider-unreachable"
    else:
        cause = "oauth-client-rejected" if error in _CLIENT else "oauth-renewal-failed"
    words = [error]
    if code and code not in description:
        words.append(code)
    if description:
        words.append(description)
    found_error = OAuthError(
        f"{name} says {': '.join(words)}",
        cause,
        provider=provider,
        error=DENIED if error == _DECLINED else error,
        code=code,
        description=description,
        may_pass=error in _TEMPORARY,
    )
    known = explain_oauth_error(provider, error, f"{code or ''} {description}", grant)
    if found and (known is None or known.id != found[0]):
        # The word of the RFC alone says less than the code, which is not known here.
        page = lookup_address(found[0])
        found_error.why = f"smtp-tui does not know {found[0]}."
        found_error.to_do = f"Microsoft's page on it: {page}"
    elif known:
        found_error.why, found_error.to_do = known.why, known.cure_here
    return found_error


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return a provider's text as one bounded line, in which secrets are masked."""
    for secret in secrets:
        for part in (secret, secret[: max(_SHORTEST, len(secret) // 2)]):
            if len(part) >= _SHORTEST:
                text = text.replace(part, MASK)
    # Microsoft adds lines with a trace ID and the time, which its support asks for, and no admin.
    text = " ".join(re.split(r"\s*(?:\r?\n|Trace ID:)", text, maxsplit=1)[0].split())
    return one_line(text.rstrip(". "), LONGEST)
