"""The login: who, by which mechanism, with what secret, and what other programs make of it."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.advising.hits import Hit
from smtp_tui.diagnosis.advising.link import TOKENS
from smtp_tui.diagnosis.given import Given, Link
from smtp_tui.settings.choices import Authentication

# What a shell, a .env file or Compose may take for its own.
_SPECIAL = frozenset("$#\"'`\\ ")


def hits(given: Given) -> Iterator[Hit]:
    """Yield what holds."""
    yield from _mechanism(given)
    yield from _user(given)
    yield from _secret(given)


def _mechanism(given: Given) -> Iterator[Hit]:
    authentication = given["authentication"]
    has_user = "username" in given.present
    if authentication is Authentication.EXTERNAL:
        if "client_certificate" not in given.present:
            yield Hit("external-without-certificate")
        if given.link is Link.OPEN:
            yield Hit("external-on-an-open-link")
    elif authentication is Authentication.AUTO:
        if not has_user:
            yield Hit("auto-without-username")
    elif authentication not in (None, Authentication.NONE) and not has_user:
        yield Hit("mechanism-without-username", {"authentication": str(authentication)})
    if authentication is Authentication.CRAM_MD5:
        yield Hit("cram-md5")


def _user(given: Given) -> Iterator[Hit]:
    username, authentication = given["username"], given["authentication"]
    if username and authentication is Authentication.NONE:
        yield Hit("username-unused")
    if username and given.mechanism and not username.isascii():
        yield Hit("not-ascii", {"what": "The username"}, "username")
    idle = (Authentication.NONE, Authentication.AUTO)
    has_user = "username" in given.present
    if "password" in given.present and not has_user and authentication in idle:
        yield Hit("password-without-username")


def _secret(given: Given) -> Iterator[Hit]:
    """What is told never tells which characters the secret has."""
    secret = given.secret
    if not secret:
        return
    if given["authentication"] in TOKENS:
        yield Hit("token-in-the-file")
    elif secret != secret.strip():
        yield Hit("password-with-margins")
    elif _SPECIAL.intersection(secret):
        yield Hit("password-needs-quotes")
    if not secret.isascii():
        yield Hit("not-ascii", {"what": "The password"}, "password")
