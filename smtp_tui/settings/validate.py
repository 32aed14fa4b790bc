"""Parse the raw values of a table into `Settings`, or report the problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings.choices import (
    OF_TOKENS,
    AddressFamily,
    Authentication,
    Encryption,
    VerifyMode,
)
from smtp_tui.settings.fields import BY_KEY, FIELDS, SMTP_PORT, Field, Settings
from smtp_tui.settings.parsers import is_this_machine, socket_path
from smtp_tui.settings.password_sources import OAuthSource

# `none` and `external` use no password.
_FOR_TOKENS = (*OF_TOKENS, Authentication.NONE, Authentication.EXTERNAL)


@record
class Problem:
    """A field with an invalid or missing value, and how to fix it."""

    key: str
    label: str
    message: str

    def __str__(self) -> str:
        """Return the message with the field's label and key."""
        return f"{self.label} ({self.key}): {self.message}"


@record
class SettingNotice:
    """A valid setting that does not do what it seems to; `warning` is a warning's ID."""

    key: str
    message: str
    warning: str | None = None


@record
class ParsedSettings:
    """The settings of a table without problems, or its problems and no settings."""

    settings: Settings | None
    problems: tuple[Problem, ...] = ()
    remarks: tuple[SettingNotice, ...] = ()


def is_absent(field: Field, raw: object) -> bool:
    """Return whether a raw value means "not set": None, or "" for any field but the password."""
    return raw is None or (raw == "" and field.key != "password")


def parse_fields(values: Mapping[str, object]) -> tuple[dict[str, Any], list[Problem]]:
    """Parse each field that is set on its own; ignore unknown keys."""
    parsed: dict[str, Any] = {}
    problems = []
    for field in FIELDS:
        raw = values.get(field.key)
        if is_absent(field, raw):
            continue
        try:
            parsed[field.key] = field.parse(raw)
        except ValueError as error:
            problems.append(Problem(field.key, field.label, str(error)))
    return parsed, problems


def defaults(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """Return each field's default, which may depend on the parsed values."""
    return {field.key: field.default(parsed) for field in FIELDS}


def parse_settings(values: Mapping[str, object]) -> ParsedSettings:
    """Parse a table's raw TOML values into settings with all defaults filled in."""
    parsed, problems = parse_fields(values)
    if "host" not in parsed and not any(problem.key == "host" for problem in problems):
        message = "is missing; set the mail server's hostname"
        problems.append(Problem("host", BY_KEY["host"].label, message))
    whole = {**defaults(parsed), **parsed}
    for key, message in _conflicts(whole, parsed):
        problems.append(Problem(key, BY_KEY[key].label, message))
    if problems:
        return ParsedSettings(None, tuple(problems))
    attributes = {field.attribute: whole[field.key] for field in FIELDS}
    settings = Settings(**attributes, given=frozenset(parsed))
    return ParsedSettings(settings, remarks=tuple(_remarks(settings)))


def _conflicts(whole: Mapping[str, Any], parsed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and message of each conflict between settings that are valid on their own."""
    mechanism = parsed.get("authentication")
    # EXTERNAL takes the user from the client certificate; AUTO logs in only with a username.
    anonymous = (Authentication.NONE, Authentication.AUTO, Authentication.EXTERNAL, None)
    if mechanism not in anonymous and not whole["username"]:
        yield "username", f"is missing; authentication {mechanism} needs a username"
    used = whole["authentication"]
    if isinstance(whole["password"], OAuthSource) and whole["username"] and used not in _FOR_TOKENS:
        yield (
            "authentication",
            f"is {used}, but the password names a sign-in; use xoauth2 or oauthbearer",
        )
    if not whole["client_certificate"]:
        if mechanism is Authentication.EXTERNAL:
            yield "client_certificate", "is missing; authentication external needs it"
        if whole["client_key"]:
            yield "client_certificate", "is missing; client_key needs it"
    is_socket = socket_path(whole["host"] or "") is not None
    if is_socket and not whole["server_name"] and _compares_name(whole):
        yield "server_name", "is missing; a UNIX socket has no name to find in the certificate"
    if is_socket and whole["proxy"]:
        yield "proxy", "cannot be used: a proxy reaches no UNIX socket of this machine"
    source, family = whole["source_address"], whole["address_family"]
    if source is not None and family is not AddressFamily.ANY:
        own = AddressFamily.IPV6 if ":" in source else AddressFamily.IPV4
        if own is not family:
            yield "source_address", f"is {own}, but address_family is {family}; make them match"


def _compares_name(whole: Mapping[str, Any]) -> bool:
    """Whether TLS may begin and compare the certificate's name."""
    has_tls = whole["encryption"] is not Encryption.NONE or whole["starttls_auto"]
    is_verified = whole["openssl_verify_mode"] is not VerifyMode.NONE
    return bool(has_tls and is_verified and not whole["tls_fingerprint"])


def _remarks(settings: Settings) -> Iterator[SettingNotice]:
    if settings.is_socket:
        for key in ("port", "address_family", "source_address"):
            if key in settings.given:
                yield SettingNotice(key, f"{key} is not used: the host is a UNIX socket")
    if settings.proxy and "address_family" in settings.given:
        text = "address_family applies to the proxy, which looks the host up itself"
        yield SettingNotice("address_family", text)
    if settings.proxy and is_this_machine(settings.host):
        text = f"{settings.host} means the machine of the proxy here, not this one"
        yield SettingNotice("host", text)
    if settings.is_lmtp and settings.port == SMTP_PORT and not settings.is_socket:
        yield SettingNotice("port", "RFC 2033 forbids LMTP on port 25; LMTP servers use another")
    if settings.username and settings.authentication is Authentication.NONE:
        text = "the username is not used: authentication is none"
        yield SettingNotice("username", text, "username-unused")
    if settings.password and not settings.username and not settings.authenticates:
        text = "the password is not used: there is no username to log in with"
        yield SettingNotice("password", text)
    elif settings.authentication is Authentication.AUTO and not settings.username:
        text = "there is no username, so authentication auto does not log in"
        yield SettingNotice("authentication", text)
    if settings.starttls_auto and settings.encryption is not Encryption.NONE:
        text = f"starttls_auto is ignored: encryption {settings.encryption} already requires TLS"
        yield SettingNotice("starttls_auto", text)


def equivalent(key: str, old: object, new: object) -> bool:
    """Return whether two raw values of a key mean the same; None means that it is absent."""
    if old is None or new is None:
        return old is new
    # In Python 1 == True and 25 == 25.0; in TOML they differ.
    if type(old) is type(new) and old == new:
        return True
    field = BY_KEY.get(key)
    if field is None:
        return False
    if is_absent(field, old) or is_absent(field, new):
        return is_absent(field, old) and is_absent(field, new)
    try:
        return field.parse(old) == field.parse(new)
    except ValueError:
        return False
