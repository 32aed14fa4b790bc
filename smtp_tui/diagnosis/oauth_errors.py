"""Explain what a provider answers to a sign-in; the rows are data with their sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.providers import DataProvenance, ProviderEntryKind, provenance_of
from smtp_tui.records import record

MICROSOFT, GOOGLE = "microsoft", "google"
_AADSTS = re.compile(r"\bAADSTS[0-9]{4,9}\b", re.IGNORECASE)
_LONGEST = 4096
# Words that only Google's pages and libraries have next to the errors of RFC 6749.
_GOOGLE = re.compile(
    r"google|gmail|\bya29\.|invalid_rapt|admin_policy_enforced|org_internal|disallowed_useragent"
    r"|deleted_client|disabled_client|error 40[0-9]: [a-z]+_[a-z]"
)
_ERROR = re.compile(r"(?<![\w-])[a-z]+(?:_[a-z]+)+(?![\w-])")


@record(kw_only=True)
class OAuthErrorText:
    """An entry of `oauth-errors.toml`, which documents the keys."""

    id: str
    provider: str = ""
    error: str = ""
    find: str = ""
    grant: str = ""
    who: str
    what: str
    why: str
    cure: str
    source: str
    taken: date

    @property
    def cure_here(self) -> str:
        """The cure, with the command that signs in."""
        return self.cure.replace("ign in again.", "ign in again with smtp-tui login.")


@cache
def oauth_error_texts() -> tuple[OAuthErrorText, ...]:
    """Return all entries, in matching order."""
    return tuple(OAuthErrorText(**row) for row in load_texts("oauth-errors.toml")["error"])


def provenances() -> Iterator[DataProvenance]:
    """Yield one for each entry; ValueError names an entry without a source."""
    for row in load_texts("oauth-errors.toml")["error"]:
        yield provenance_of(ProviderEntryKind.OAUTH, row["id"], row)


def explain_oauth_error(
    provider: str, error: str, description: str, grant: str = ""
) -> OAuthErrorText | None:
    """Return what a provider's error means, or None.

    `error` is the word of RFC 6749, `description` the provider's text, and `grant` the grant_type
    that was asked with, if known.
    """
    text = description[:_LONGEST]
    codes = {code.upper() for code in _AADSTS.findall(text)}
    for entry in oauth_error_texts():
        is_named = error and error in entry.error.split("|") and entry.provider in ("", provider)
        is_named = is_named and entry.grant in ("", grant)
        if entry.id in codes or (is_named and re.search(entry.find, text, re.IGNORECASE)):
            return entry
    return None


def oauth_error_in(text: str) -> tuple[OAuthErrorText, str] | None:
    """Return the sign-in error that a program's log shows, and its words there; or None.

    Without a code of Microsoft's, the words of the RFC count only next to Google's name: other
    programs use them for sign-ins that have nothing to do with mail.
    """
    text = text[:_LONGEST]
    if code := _AADSTS.search(text):
        entry = explain_oauth_error(MICROSOFT, "", code[0])
        return (entry, code[0].upper()) if entry else None
    if not _GOOGLE.search(text.casefold()):
        return None
    for error in _ERROR.finditer(text):
        entry = explain_oauth_error(GOOGLE, error[0], text)
        if entry is not None and entry.provider == GOOGLE:
            return entry, error[0]
    return None


def lookup_address(text: str) -> str | None:
    """Return Microsoft's page for the first code in a text; None without one."""
    code = _AADSTS.search(text)
    number = code[0][len("AADSTS") :] if code else ""
    return f"https://login.microsoftonline.com/error?code={number}" if number else None
