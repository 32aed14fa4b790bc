"""What is proposed after a failure: what was seen to work first, and never first what weakens."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.diagnosis.causes import causes, texts_of
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.tokens import judge
from smtp_tui.diagnosis.verdict import Fix
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import (
    AuthStarted,
    Cause,
    Connected,
    Event,
    Experiment,
    Resolved,
    ServerCapabilities,
    Stage,
    TlsEstablished,
    TlsFailed,
)
from smtp_tui.smtp.replies import Reply
from tests.diagnosis.examples import CERTIFICATE, facts_of, finished, settings
from tests.diagnosis.test_tokens import token
from tests.table import table

CONNECTED = Connected(seconds=0, address="192.0.2.1", port=587, local_address="192.0.2.9")
ROOT = CERTIFICATE.__class__(
    **{name: getattr(CERTIFICATE, name) for name in CERTIFICATE.__match_args__}
    | {"subject": "CN=Example CA", "sha256": "cd" * 32}
)


def tried(outcome: str, *mechanisms: str, **change: object) -> Experiment:
    return Experiment(
        seconds=0,
        name=" ".join(f"{key}={value}" for key, value in change.items()),
        outcome=outcome,
        text="experiment: it works",
        change=tuple(change.items()),
        mechanisms=mechanisms,
    )


def offered(*mechanisms: str, encrypted: bool = True) -> list[Event]:
    """EHLO's answer, inside TLS or not, and the login that follows."""
    link = [
        TlsEstablished(
            seconds=0, version="TLSv1.3", cipher="X", verified=True, chain=(CERTIFICATE,)
        )
    ]
    keywords = (("AUTH", " ".join(mechanisms)),)
    said = ServerCapabilities(
        seconds=0, encrypted=encrypted, keywords=keywords, mechanisms=mechanisms
    )
    return [CONNECTED, *(link if encrypted else ()), said]


def fixes(
    stage: Stage, fault: Cause, *events: Event, reply: Reply | None = None, **values: Any
) -> tuple[Fix, ...]:
    end = finished(stage, fault, reply=reply, command="AUTH X")
    return diagnose(settings(**values), facts_of(*events, end), 1.0).fixes


def changes(found: tuple[Fix, ...]) -> list[dict[str, object]]:
    return [fix.change for fix in found]


@table("cause", causes())
def test_a_fix_that_weakens_never_stands_first_and_says_so(cause: str) -> None:
    fault = next((one for one in Cause if one == cause), None)
    if fault is None:
        return
    chain = TlsFailed(seconds=0, chain=(CERTIFICATE, ROOT))
    for encryption in Encryption:
        weak = tried("ok", tls_minimum="1.0")
        found = fixes(Stage.TLS, fault, CONNECTED, chain, weak, encryption=encryption.value)
        flags = [fix.weakens for fix in found]
        assert flags == sorted(flags)
        assert not flags or not flags[0]
        for fix in found:
            if fix.change.get("openssl_verify_mode") == "none":
                assert fix.why.startswith("WEAKENS")


def test_what_was_seen_to_work_goes_first_and_what_failed_is_left_out() -> None:
    found = fixes(
        Stage.TLS,
        Cause.STARTTLS_NOT_OFFERED,
        CONNECTED,
        tried("connection-refused", port=587, encryption="tls"),
        tried("certificate-expired", port=2525, encryption="tls"),
        tried("ok", port=465, encryption="ssl"),
        port=25,
    )
    assert changes(found) == [
        {"port": 465, "encryption": "ssl"},
        {"port": 2525, "encryption": "tls"},
    ]
    assert (found[0].field, found[0].value, found[0].more) == ("port", 465, {"encryption": "ssl"})
    assert found[0].why == "Tried: it works."


def test_without_experiments_a_guess_says_that_it_is_one() -> None:
    (fix,) = fixes(Stage.TLS, Cause.PLAIN_TEXT_EXPECTED, encryption="ssl", port=2587)
    assert fix.change == {"encryption": "tls"}
    assert "not been tested" in fix.why
    (fix,) = fixes(Stage.GREETING, Cause.IMPLICIT_TLS_EXPECTED, port=2465)
    assert (fix.change, fix.weakens, fix.trusts) == ({"encryption": "ssl"}, False, False)


@table(
    ("fault", "chain", "first"),
    [
        (Cause.CERTIFICATE_SELF_SIGNED, (ROOT,), ["ca_file", "tls_fingerprint"]),
        (Cause.CERTIFICATE_UNKNOWN_ISSUER, (CERTIFICATE, ROOT), ["ca_file", "tls_fingerprint"]),
        (Cause.CERTIFICATE_UNKNOWN_ISSUER, (CERTIFICATE,), ["ca_file", "tls_fingerprint"]),
        (Cause.CERTIFICATE_INCOMPLETE_CHAIN, (CERTIFICATE,), ["ca_file", "tls_fingerprint"]),
        (Cause.CERTIFICATE_EXPIRED, (CERTIFICATE,), ["tls_fingerprint"]),
        (Cause.CERTIFICATE_NOT_YET_VALID, (CERTIFICATE,), ["tls_fingerprint"]),
        (Cause.CERTIFICATE_NAME_MISMATCH, (CERTIFICATE,), ["tls_fingerprint"]),
    ],
)
def test_certificates(fault: Cause, chain: tuple[Any, ...], first: list[str]) -> None:
    found = fixes(Stage.TLS, fault, CONNECTED, TlsFailed(seconds=0, chain=chain))
    assert [fix.field for fix in found] == [*first, "openssl_verify_mode"]
    assert [fix.trusts for fix in found] == [True] * len(first) + [False]
    pin = next(fix for fix in found if fix.field == "tls_fingerprint")
    assert pin.value == chain[0].sha256
    assert found[-1].weakens


def test_names_of_the_certificate_go_before_a_fingerprint_and_are_a_matter_of_trust() -> None:
    found = fixes(
        Stage.TLS,
        Cause.CERTIFICATE_NAME_MISMATCH,
        CONNECTED,
        TlsFailed(seconds=0, chain=(CERTIFICATE,)),
        tried("ok", host="smtp.example"),
        tried("ok", server_name="smtp.example"),
    )
    fields = ["host", "server_name", "tls_fingerprint", "openssl_verify_mode"]
    assert [fix.field for fix in found] == fields
    assert [fix.trusts for fix in found] == [True, True, True, False]


def test_they_stand_as_they_were_meant_whichever_was_over_first() -> None:
    found = fixes(
        Stage.TLS,
        Cause.CERTIFICATE_NAME_MISMATCH,
        CONNECTED,
        TlsFailed(seconds=0, chain=(CERTIFICATE,)),
        tried("ok", server_name="smtp.example"),
        tried("ok", host="smtp.example"),
    )
    assert [fix.field for fix in found][:2] == ["host", "server_name"]


def test_mechanisms_inside_tls() -> None:
    found = fixes(
        Stage.AUTH,
        Cause.AUTH_MECHANISM_NOT_OFFERED,
        *offered("LOGIN", "CRAM-MD5", "PLAIN", "SCRAM-SHA-256"),
        username="a",
        authentication="xoauth2",
    )
    named = [fix.value for fix in found]
    assert named == ["auto", "scram-sha-256", "plain", "login"]
    assert not any(fix.weakens for fix in found)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"encryption": "none"}, ["auto", "cram-md5", "plain", "login"]),
        ({"encryption": "none", "starttls_auto": True}, ["auto", "cram-md5"]),
    ],
)
def test_mechanisms_on_an_open_link(values: dict[str, Any], named: list[str]) -> None:
    found = fixes(
        Stage.AUTH,
        Cause.AUTH_MECHANISM_NOT_OFFERED,
        *offered("PLAIN", "LOGIN", "CRAM-MD5", encrypted=False),
        username="a",
        authentication="scram-sha-256",
        **values,
    )
    assert [fix.value for fix in found] == named


def test_another_way_where_cram_md5_was_refused() -> None:
    started = AuthStarted(seconds=0, mechanism="CRAM-MD5", reason="")
    no = Reply(535, (b"5.7.8 no",))
    events = (*offered("PLAIN", "CRAM-MD5"), started)
    values = {"username": "a", "authentication": "cram-md5"}
    found = fixes(Stage.AUTH, Cause.REFUSED, *events, reply=no, **values)
    assert [(fix.field, fix.value) for fix in found] == [
        ("authentication", "auto"),
        ("authentication", "plain"),
        ("password", None),
        ("username", None),
    ]


@table(
    ("host", "user", "expected"),
    [
        (
            "smtp.sendgrid.net",
            "me",
            [("username", "apikey"), ("password", None), ("username", None)],
        ),
        ("smtp.sendgrid.net", "apikey", [("password", None), ("username", None)]),
        ("smtp.mailgun.org", "me", [("username", None), ("password", None)]),
        ("smtp.mailgun.org", "me@example.org", [("password", None), ("username", None)]),
    ],
)
def test_what_the_provider_wants(host: str, user: str, expected: list[Any]) -> None:
    no = Reply(535, (b"5.7.8 no",))
    started = AuthStarted(seconds=0, mechanism="PLAIN", reason="")
    events = (*offered("PLAIN"), started)
    found = fixes(Stage.AUTH, Cause.REFUSED, *events, reply=no, host=host, username=user)
    assert [(fix.field, fix.value) for fix in found] == expected
    assert all(("SendGrid" if "sendgrid" in host else "Mailgun") in fix.why for fix in found)


def test_a_place_without_a_login_does_not_cure_a_login() -> None:
    found = fixes(
        Stage.AUTH,
        Cause.AUTH_NOT_OFFERED,
        *offered(encrypted=False),
        tried("ok", encryption="tls"),
        tried("ok", "PLAIN", port=465, encryption="ssl"),
        encryption="none",
        port=587,
        username="a",
    )
    assert changes(found) == [{"port": 465, "encryption": "ssl"}]


@table(
    ("mechanism", "fields"),
    [
        ("PLAIN", ["password", "username"]),
        # The second one is to sign in.
        ("XOAUTH2", ["password", "password", "username"]),
        ("OAUTHBEARER", ["password", "password", "username"]),
        ("EXTERNAL", ["client_certificate"]),
    ],
)
def test_what_logs_in_is_what_the_admin_must_know(mechanism: str, fields: list[str]) -> None:
    started = AuthStarted(seconds=0, mechanism=mechanism, reason="the settings name it")
    found = fixes(
        Stage.AUTH,
        Cause.REFUSED,
        *offered(mechanism),
        started,
        reply=Reply(535, (b"5.7.8 no",)),
        username="alice",
        authentication=mechanism,
        client_certificate="a.pem",
    )
    assert [fix.field for fix in found] == fields
    assert ("token" in found[0].why) is ("OAUTH" in mechanism)
    assert [fix.signs_in for fix in found if fix.signs_in] == [True] * ("OAUTH" in mechanism)


@table(
    ("cause", "values"),
    [
        (Cause.OAUTH_NOT_SIGNED_IN, {}),
        (Cause.OAUTH_RENEWAL_FAILED, {}),
        (Cause.OAUTH_CLIENT_REJECTED, {}),
        (Cause.OAUTH_STORE_READ_ONLY, {}),
        (Cause.PASSWORD_MISSING, {"password": None}),
        (Cause.TOKEN_UNFIT, {}),
    ],
)
def test_what_a_sign_in_cures(cause: Cause, values: dict[str, Any]) -> None:
    token = {"username": "alice", "authentication": "xoauth2", "password": {"oauth": "microsoft"}}
    wanted = {key: value for key, value in (token | values).items() if value is not None}
    found = fixes(Stage.PASSWORD, cause, **wanted)
    assert (found[0].field, found[0].value, found[0].signs_in) == ("password", None, True)
    assert all("app password" not in fix.why for fix in found)
    if cause is Cause.PASSWORD_MISSING:
        verdict = diagnose(settings(**wanted), facts_of(finished(Stage.PASSWORD, cause)), 1.0)
        assert verdict.cure.startswith("Run smtp-tui login")
    # With another mechanism, a password is missing, and no token.
    if cause is Cause.PASSWORD_MISSING:
        (other,) = fixes(Stage.PASSWORD, cause, username="alice")
        assert not other.signs_in


def test_a_rejected_sign_in_is_made_again_and_no_password_is_set() -> None:
    end = finished(
        Stage.AUTH, Cause.REFUSED, reply=Reply(535, (b"5.7.8 no",)), command="AUTH XOAUTH2"
    )
    started = AuthStarted(seconds=0, mechanism="XOAUTH2", reason="")
    facts = facts_of(*offered("XOAUTH2"), started, end)
    facts.has_sign_in, facts.granted = True, ("openid",)
    facts.token = judge("opaque", "mail.example.test", "alice")
    values = {"username": "alice", "authentication": "xoauth2", "password": {"oauth": "x"}}
    verdict = diagnose(settings(**values), facts, 1.0)
    assert [(fix.field, fix.signs_in) for fix in verdict.fixes] == [
        ("password", True),
        ("username", False),
    ]
    assert "renewed the token a moment ago" in verdict.why
    assert "The sign-in has the scopes openid." in verdict.why
    assert "Sign in again" in verdict.cure
    assert "set password" not in verdict.cure


def test_the_user_that_a_token_names() -> None:
    end = finished(
        Stage.AUTH, Cause.REFUSED, reply=Reply(535, (b"5.7.8 no",)), command="AUTH XOAUTH2"
    )
    started = AuthStarted(seconds=0, mechanism="XOAUTH2", reason="")
    facts = facts_of(*offered("XOAUTH2"), started, end)
    facts.token = judge(token(upn="bob@example.test"), "mail.example.test", "alice")
    values = {"username": "alice", "authentication": "xoauth2", "password": "x"}
    first, *_ = diagnose(settings(**values), facts, 1.0).fixes
    assert first.change == {"username": "bob@example.test"}


def test_the_other_mechanism_for_tokens_and_a_sign_in_where_only_tokens_are_accepted() -> None:
    missing = Cause.AUTH_MECHANISM_NOT_OFFERED
    other, *_ = fixes(
        Stage.AUTH,
        missing,
        *offered("XOAUTH2", "PLAIN"),
        username="a",
        authentication="oauthbearer",
    )
    assert other.change == {"authentication": "xoauth2"}
    (instead,) = fixes(
        Stage.AUTH, missing, *offered("XOAUTH2"), username="a", authentication="plain"
    )
    assert instead.signs_in


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (b"5.7.1 Relay access denied", {}, [("username", None)]),
        (
            b"5.7.1 Relay access denied",
            {"username": "a@b.example", "authentication": "none"},
            [("authentication", "auto"), ("username", None)],
        ),
        (
            b"5.7.1 Sender address rejected: not owned by user",
            {"username": "a@b.example", "from": "c@d.example"},
            [("from", "a@b.example"), ("from", None)],
        ),
    ],
)
def test_the_envelope(text: bytes, values: dict[str, Any], expected: list[Any]) -> None:
    found = fixes(Stage.ENVELOPE, Cause.REFUSED, reply=Reply(554, (text,)), **values)
    assert [(fix.field, fix.value) for fix in found] == expected


def test_settings_that_cannot_be_used_name_their_fields() -> None:
    reading = parse_settings({"port": "x", "encryption": "y"})
    end = finished(Stage.SETTINGS, Cause.SETTINGS_INVALID, detail="no")
    verdict = diagnose(None, facts_of(end), 0.0, reading.problems)
    assert {fix.field: fix.value for fix in verdict.fixes} == {
        "host": None,
        "port": None,
        "encryption": None,
    }


def test_success_has_none() -> None:
    assert diagnose(settings(), facts_of(finished(Stage.EHLO)), 1.0).fixes == ()


def test_every_text_is_a_sentence() -> None:
    assert all(text.endswith(".") for text in texts_of("fixes.toml").values())


@pytest.mark.parametrize(
    ("address", "host", "offered"),
    [("127.0.0.1", "localhost", True), ("192.0.2.1", "mail.example.net", False)],
)
def test_on_this_machine_no_encryption_is_a_fix(address: str, host: str, offered: bool) -> None:
    resolved = Resolved(seconds=0.1, host=host, addresses=(address,))
    fault = Cause.STARTTLS_NOT_OFFERED
    found = fixes(Stage.TLS, fault, resolved, host=host, port=2525, encryption="tls")
    open_ones = [fix for fix in found if fix.change.get("encryption") == "none"]
    assert [fix.weakens for fix in open_ones] == ([True] if offered else [])
    assert not found[0].weakens


def test_no_encryption_is_never_the_only_fix() -> None:
    """The loopback end of a tunnel or a forwarded port leads to another machine."""
    found = fixes(Stage.TLS, Cause.STARTTLS_NOT_OFFERED, host="127.0.0.1", encryption="tls")
    assert found == ()


def test_at_a_socket_no_encryption_is_the_fix() -> None:
    values = settings(host="unix:/run/smtp", encryption="tls", server_name="mail.example")
    verdict = diagnose(values, facts_of(finished(Stage.TLS, Cause.STARTTLS_NOT_OFFERED)), 0)
    assert verdict.fixes[0].change == {"encryption": "none"}
    assert not verdict.fixes[0].weakens
    assert verdict.cure.startswith("Set encryption to none")
    assert "TLS" not in verdict.cure
