"""From a table to settings: defaults that hang together, conflicts, remarks, and what is unset."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.settings.choices import Authentication, Encryption, TlsVersion, VerifyMode
from smtp_tui.settings.fields import FIELDS, Settings
from smtp_tui.settings.validate import Problem, is_absent, parse_settings
from tests.table import table

HOST = {"host": "mail.example"}


def settings_of(**values: Any) -> Settings:
    """The settings that a table with a host amounts to."""
    reading = parse_settings({**HOST, **values})
    assert reading.settings, reading.problems
    return reading.settings


def problems_of(**values: Any) -> dict[str, str]:
    """What is wrong with a table that has a host, by key."""
    reading = parse_settings({**HOST, **values})
    assert reading.settings is None
    return {problem.key: problem.message for problem in reading.problems}


def test_defaults() -> None:
    settings = settings_of()
    assert settings == Settings(
        host="mail.example",
        port=587,
        encryption=Encryption.TLS,
        starttls_auto=False,
        authentication=Authentication.NONE,
        openssl_verify_mode=VerifyMode.PEER,
        timeout=30.0,
        tls_minimum=TlsVersion.V1_2,
        address_family=settings.address_family,
        protocol=settings.protocol,
        given=frozenset({"host"}),
    )
    assert settings.protocol.value == "smtp"
    assert settings.address_family.value == "any"
    assert settings.tls_name == "mail.example"


@table(
    ("values", "port"),
    [({}, 587), ({"encryption": "ssl"}, 465), ({"encryption": "none"}, 25), ({"port": 2525}, 2525)],
)
def test_port_follows_encryption(values: dict[str, object], port: int) -> None:
    assert settings_of(**values).port == port


@table(
    ("values", "authentication", "authenticates", "needs_password"),
    [
        ({}, "none", False, False),
        ({"username": "alice"}, "auto", True, True),
        ({"username": ""}, "none", False, False),
        ({"authentication": "auto"}, "auto", False, False),
        ({"username": "alice", "authentication": "none"}, "none", False, False),
        ({"username": "alice", "authentication": "plain"}, "plain", True, True),
        (
            {"authentication": "external", "client_certificate": "own.pem"},
            "external",
            True,
            False,
        ),
    ],
)
def test_authentication_follows_the_user_name(
    values: dict[str, object], authentication: str, authenticates: bool, needs_password: bool
) -> None:
    settings = settings_of(**values)
    assert settings.authentication.value == authentication
    assert settings.authenticates is authenticates
    assert settings.needs_password is needs_password


def test_server_name_goes_before_the_host() -> None:
    assert settings_of(server_name="other.example").tls_name == "other.example"


def test_unknown_keys_are_none_of_our_business() -> None:
    assert settings_of(colour="blue", retry=[1, 2]).given == {"host"}


def test_empty_text_is_unset_but_for_the_password() -> None:
    settings = settings_of(domain="", port="", encryption="", password="")
    assert settings.given == {"host", "password"}
    assert [field.key for field in FIELDS if not is_absent(field, "")] == ["password"]


@pytest.mark.parametrize("values", [{}, {"host": ""}, {"host": None}])
def test_a_host_is_required(values: dict[str, object]) -> None:
    reading = parse_settings(values)
    assert [problem.key for problem in reading.problems] == ["host"]
    assert "is missing" in reading.problems[0].message


def test_every_problem_is_named_with_its_field() -> None:
    reading = parse_settings({"host": "a b", "port": 0, "encryption": "tsl", "timeout": -1})
    assert [problem.key for problem in reading.problems] == [
        *("host", "port", "encryption", "timeout")
    ]
    assert str(reading.problems[1]) == (
        "SMTP Port (port): 0 is not a port; use a number from 1 to 65535"
    )


@table("mark", ["\r", "\n", "\0"])
@table("key", [field.key for field in FIELDS])
def test_line_ends_and_nul_in_any_value(key: str, mark: str) -> None:
    good = {"port": "25", "timeout": "30", "encryption": "tls", "tls_minimum": "1.2"}
    value = good.get(key, "true" if key == "starttls_auto" else "plain")
    for text in (f"{value}{mark}", f"{mark}{value}"):
        assert key in problems_of(**{key: text}), repr(text)


@table("mechanism", sorted(set(Authentication) - {"none", "auto", "external"}))
def test_a_mechanism_needs_a_user_name(mechanism: str) -> None:
    assert problems_of(authentication=mechanism) == {
        "username": f"is missing; authentication {mechanism} needs a username"
    }


def test_conflicts() -> None:
    assert set(problems_of(authentication="external")) == {"client_certificate"}
    assert set(problems_of(client_key="own.key")) == {"client_certificate"}
    assert set(problems_of(source_address="::1", address_family="ipv4")) == {"source_address"}
    assert set(problems_of(source_address="127.0.0.1", address_family="ipv6")) == {"source_address"}
    assert settings_of(source_address="::1", address_family="ipv6").source_address == "::1"


@table(
    ("values", "key", "warning"),
    [
        ({"username": "alice", "authentication": "none"}, "username", "username-unused"),
        ({"starttls_auto": True}, "starttls_auto", None),
        ({"starttls_auto": True, "encryption": "ssl"}, "starttls_auto", None),
        ({"password": "wonderland"}, "password", None),
        ({"authentication": "auto"}, "authentication", None),
    ],
)
def test_remarks(values: dict[str, object], key: str, warning: str | None) -> None:
    reading = parse_settings({**HOST, **values})
    assert [(remark.key, remark.warning) for remark in reading.remarks] == [(key, warning)]
    assert "wonderland" not in reading.remarks[0].message


def test_nothing_to_remark() -> None:
    for values in ({}, {"encryption": "none", "starttls_auto": True}, {"username": "a"}):
        assert parse_settings({**HOST, **values}).remarks == ()


def test_no_repr_shows_a_password() -> None:
    reading = parse_settings({**HOST, "username": "alice", "password": "wonderland"})
    assert "wonderland" not in repr(reading)
    assert "wonderland" not in str(reading.settings)
    reading = parse_settings({"host": 1, "password": {"secret": "wonderland"}})
    assert "wonderland" not in repr(reading)
    assert isinstance(reading.problems[0], Problem)
