"""Which mechanisms may be tried on which link: the rule for passwords on an open one."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.auth import candidates
from smtp_tui.smtp.events import Cause, CheckAborted
from smtp_tui.smtp.replies import EhloKeywords
from tests.table import table

ALL = "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER EXTERNAL"
GIVING_AWAY = ("plain", "login", "xoauth2", "oauthbearer")
SAFE = ("cram-md5", "scram-sha-1", "scram-sha-256")


def tried(
    authentication: str,
    offered: str | None,
    *,
    encrypted: bool,
    allow_clear: bool = False,
    **values: Any,
) -> list[str] | Cause:
    """The mechanisms in the order to try them, or why none may be."""
    settings = parse_settings(
        {
            "host": "mail.example.test",
            "username": "alice",
            "authentication": authentication,
            "client_certificate": "client.pem",
            **values,
        }
    ).settings
    assert settings
    offer = EhloKeywords((("AUTH", offered),) if offered is not None else ())
    try:
        found, _ = candidates(settings, offer, encrypted=encrypted, allow_clear=allow_clear)
    except CheckAborted as stop:
        return stop.fault
    return found


@table("encryption", ["tls", "ssl"])
@table("name", [*GIVING_AWAY, *SAFE, "external"])
def test_inside_tls_everything_goes(name: str, encryption: str) -> None:
    assert tried(name, ALL, encrypted=True, encryption=encryption) == [name.upper()]


@table("name", [*GIVING_AWAY, *SAFE, "external"])
def test_on_a_link_that_is_open_outright_what_is_named_goes(name: str) -> None:
    assert tried(name, ALL, encrypted=False, encryption="none") == [name.upper()]


@table("name", GIVING_AWAY)
def test_on_a_link_left_open_by_chance_the_password_stays(name: str) -> None:
    by_chance: dict[str, Any] = {"encrypted": False, "encryption": "none", "starttls_auto": True}
    assert tried(name, ALL, **by_chance) is Cause.AUTH_NEEDS_ENCRYPTION
    assert tried(name, ALL, allow_clear=True, **by_chance) == [name.upper()]


@pytest.mark.parametrize("name", SAFE)
def test_a_digest_may_cross_an_open_link(name: str) -> None:
    assert tried(name, ALL, encrypted=False, encryption="none", starttls_auto=True) == [
        name.upper()
    ]


def test_auto_inside_tls_takes_the_strongest_first() -> None:
    order = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]
    assert tried("auto", ALL, encrypted=True) == order


def test_auto_on_an_open_link_never_gives_the_password_away() -> None:
    order = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"]
    assert tried("auto", ALL, encrypted=False, encryption="none") == order


@pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "PLAIN LOGIN XOAUTH2"])
def test_auto_on_an_open_link_needs_encryption_for_the_rest(offered: str) -> None:
    outright: dict[str, Any] = {"encrypted": False, "encryption": "none"}
    assert tried("auto", offered, **outright) is Cause.AUTH_NEEDS_ENCRYPTION
    assert tried("auto", offered, allow_clear=True, **outright) == [
        name for name in ("PLAIN", "LOGIN") if name in offered
    ]


@table("offered", ["", "XOAUTH2 OAUTHBEARER EXTERNAL", "NTLM GSSAPI"])
@table("encrypted", [True, False])
def test_auto_takes_nothing_that_must_be_named(offered: str, encrypted: bool) -> None:
    encryption = "tls" if encrypted else "none"
    found = tried("auto", offered, encrypted=encrypted, encryption=encryption)
    assert found is Cause.AUTH_MECHANISM_NOT_OFFERED


@table("name", ["auto", *GIVING_AWAY, *SAFE, "external"])
def test_no_auth_at_all(name: str) -> None:
    assert tried(name, None, encrypted=True) is Cause.AUTH_NOT_OFFERED


@table("name", [*GIVING_AWAY, *SAFE, "external"])
def test_a_mechanism_that_is_not_offered(name: str) -> None:
    offered = ALL.replace(name.upper(), "NTLM")
    assert tried(name, offered, encrypted=True) is Cause.AUTH_MECHANISM_NOT_OFFERED
