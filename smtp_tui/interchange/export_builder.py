"""Export settings in another program's format, and note what that program does differently."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from smtp_tui.interchange.oauth import TokenAbility, token_use
from smtp_tui.interchange.spec import (
    Exported,
    FormatSpec,
    ImportNote,
    InterchangeError,
    QuotingError,
    format_named,
    text,
)
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.choices import Authentication, Encryption, VerifyMode
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.parsers import Mailbox, parse_mailbox, socket_path
from smtp_tui.settings.password_sources import EnvironmentSource, LiteralSource, PasswordSource
from smtp_tui.settings.proxy_address import ProxyAddress
from smtp_tui.settings.validate import parse_settings

VARIABLE = "SMTP_PASSWORD"
"""The environment variable that an export refers to if the settings name none."""

# Settings that `link`, `mechanism` and `verifies` export.
EXPORTED_TOGETHER = frozenset(
    {"encryption", "starttls_auto", "authentication", "openssl_verify_mode"}
)

# Mechanisms that never send the password itself, and settings that restrict trust and TLS.
_CHALLENGES = frozenset(
    {Authentication.CRAM_MD5, Authentication.SCRAM_SHA_256, Authentication.SCRAM_SHA_1}
)
_TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
_BOUNDS = frozenset({"ca_file", "tls_fingerprint", "tls_minimum"})

# May be relative to the settings file, which the other program does not know.
_PATHS = frozenset({"ca_file", "client_certificate", "client_key"})

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SPECIALS = re.compile(r'[][\\()<>@,:;".]')
_NO_MAILBOX = Mailbox("", "")


class ExportBuilder:
    """Gives a format the settings, and notes those that it cannot express."""

    def __init__(
        self, form: FormatSpec, settings: Settings, secret: str | None, quoting: str | None
    ) -> None:
        self.form = form
        self.quoting = quoting
        self.settings = settings
        self.secret = secret
        if settings.is_socket and not form.sockets:
            raise InterchangeError(text("no-sockets", program=form.title))
        # Dict keys, so that repeated notes are kept once.
        self._notes: dict[ImportNote, None] = {}
        # A line end in a value would start a new line in the exported file.
        values = {key: self.given(key) for key in settings.given - {"password"}}
        for key, value in {**values, "password": secret}.items():
            if isinstance(value, str) and escape_controls(value) != value:
                raise InterchangeError(text("invisible", key=key))

    def given(self, key: str) -> Any:
        """Return a setting's value if it was set, else None."""
        if key not in self.settings.given:
            return None
        return getattr(self.settings, BY_KEY[key].attribute)

    @property
    def socket(self) -> str | None:
        """The path of the UNIX socket that is the host, if it is one."""
        return socket_path(self.settings.host)

    @property
    def socks_proxy(self) -> ProxyAddress | None:
        """The proxy, if it is one that programs with SOCKS alone can use."""
        proxy = self.settings.proxy
        if proxy and proxy.scheme != "socks5":
            self.note("proxy", "socks-alone")
            return None
        return proxy

    @property
    def host_with_port(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        host = self.settings.host
        return f"{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    @cached_property
    def link(self) -> str:
        """The connection's encryption, or the nearest that the program has."""
        settings, form = self.settings, self.form
        is_open = settings.encryption is Encryption.NONE
        wanted = "auto" if is_open and settings.starttls_auto else str(settings.encryption)
        link = form.links[wanted]
        if link in form.refuses:
            raise InterchangeError(text(f"no-{link}", program=form.title))
        if link != wanted:
            if wanted == "tls":
                self.warn("encryption", form.cannot_require)
            else:
                self.note("encryption", f"{wanted}-becomes-{link}")
        # The target sends a password without TLS where smtp-tui would not.
        if self.wants_secret and is_open and link == "auto":
            self.warn("starttls_auto", form.goes_on)
        elif self.wants_secret and is_open and link == "none":
            is_auto = settings.authentication is Authentication.AUTO
            if is_auto or form.in_clear != "password-in-clear":
                self.warn("encryption", form.in_clear)
        return link

    @property
    def mechanism(self) -> str | None:
        """The mechanism to name; None if none is chosen or the program lacks it."""
        chosen = self.settings.authentication
        if chosen in (Authentication.AUTO, Authentication.NONE):
            return None
        if chosen not in self.form.mechanisms:
            weakens = chosen in _CHALLENGES
            self.note("authentication", "other-mechanism", weakens=weakens, name=chosen)
            return None
        return str(chosen)

    @property
    def gem_mechanism(self) -> str | None:
        """The mechanism as Ruby's mail gem spells it; None leaves its default, PLAIN."""
        if self.username is not None and self.mechanism is None:
            self.note("authentication", "ruby-plain")
        return (self.mechanism or "").replace("-", "_") or None

    @property
    def username(self) -> str | None:
        """The username, if the settings log in."""
        return self.settings.username if self.settings.authenticates else None

    @property
    def verifies(self) -> bool:
        """Whether to verify the certificate, as far as the program gives a choice."""
        if self.given("tls_fingerprint") and "tls_fingerprint" in self.form.expresses:
            return True  # replaces the verify mode in both programs
        wanted = self.settings.openssl_verify_mode is not VerifyMode.NONE
        if wanted is False and "none" not in self.form.verify:
            self.note("openssl_verify_mode", "always-verifies")
            return True
        if wanted and "peer" not in self.form.verify:
            self.warn("openssl_verify_mode", "never-verifies")
            return False
        return wanted

    @property
    def whole_seconds(self) -> int | None:
        """The timeout, if set, for a program that limits each step in whole seconds."""
        timeout: float | None = self.given("timeout")
        if timeout is None:
            return None
        self.note("timeout", "timeout-a-step")
        return ceil(timeout)

    @property
    def fingerprint(self) -> str | None:
        """The certificate's fingerprint with colons, if set."""
        return ":".join(re.findall("..", self.given("tls_fingerprint") or "")).upper() or None

    @property
    def source(self) -> PasswordSource | None:
        """The password's source, if the login needs one."""
        return self.settings.password if self.settings.needs_password else None

    @property
    def wants_secret(self) -> bool:
        """Whether the target needs a password."""
        return self.settings.needs_password and self.username is not None

    @property
    def lacks_secret(self) -> bool:
        """Whether the export leaves out a password that the target needs."""
        return self.wants_secret and self.secret is None

    @property
    def variable(self) -> str:
        """The environment variable for a reference to the password."""
        return self.source.name if isinstance(self.source, EnvironmentSource) else VARIABLE

    @property
    def mailbox(self) -> Mailbox:
        """The sender with its display name unquoted; empty if it was not set."""
        sender = self.given("from")
        return _NO_MAILBOX if sender is None else _with_plain_name(parse_mailbox(sender))

    @property
    def own_sender(self) -> Mailbox:
        """The sender, else smtp-tui's default: some programs cannot send without one."""
        if self.mailbox.address or not self.settings.sender:
            return self.mailbox
        return parse_mailbox(self.settings.sender)

    @property
    def sender(self) -> str | None:
        """The sender as a header, if set: a name with a comma is quoted (RFC 5322)."""
        sender = self.given("from")
        if sender is None:
            return None
        plain = _with_plain_name(parse_mailbox(sender))
        if not _SPECIALS.search(plain.name):
            return str(plain)
        escaped = re.sub(r'(["\\])', r"\\\1", plain.name)
        return f'"{escaped}" <{plain.address}>'

    def note(self, key: str, identity: str, /, *, weakens: bool = False, **names: object) -> None:
        """Note what the target does not do or does differently."""
        message = text(identity, **{"program": self.form.title, **names})
        self._notes.setdefault(ImportNote(key, message, weakens))

    def warn(self, key: str, identity: str, /, **names: object) -> None:
        """Note where the target protects mail or password less than the settings."""
        self.note(key, identity, weakens=True, **names)

    def pairs(self) -> list[tuple[str, Any]]:
        """Return the names that the format's table `write` sets, with their values.

        Notes keep the order in which they are made; the format's `first` lists those to make first.
        """
        for step in self.form.first:
            self.first(step)
        return self.pairs_of(self.form.write)

    def first(self, step: str) -> None:
        """Make the notes of a step that a format declares in `first`."""
        _FIRST[step](self)

    def pairs_of(self, table: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return the names that a table like `write` sets, with their values."""
        found = [(name, self._written(source)) for name, source in table.items()]
        return [(name, value) for name, value in found if value is not None]

    def _written(self, source: str | Mapping[str, Any]) -> Any:
        value = self._value(source)
        if not isinstance(source, str):
            return value
        if _is_json(value):
            for _ in range(_JSON_TIMES.get(self.form.values, 0)):
                value = json.dumps(value, ensure_ascii=False)
        is_changed = self.form.values == "quotes" and str(value) != unquoted(str(value))
        return f'"{value}"' if is_changed else value

    def _value(self, source: str | Mapping[str, Any]) -> Any:
        if isinstance(source, str):
            return _VALUES[source](self) if source in _VALUES else self.given(source)
        ((kind, spec),) = source.items()
        if kind == "always":
            return spec
        if kind == "tls":
            return None if self.link == "none" else self._value(spec)
        if kind in ("link", "mechanism", "verifies"):
            return spec.get(str(getattr(self, kind)).lower())
        value = self.given(kind)
        return spec.get(str(value)) if isinstance(spec, dict) else spec if value else None

    @property
    def secret_name(self) -> str:
        """The format's name for the password."""
        return next(name for name, source in self.form.write.items() if source == "password")

    def done(self, content: str) -> Exported:
        """Return the export; note what was set but has no place in the target."""
        given, expresses = self.settings.given, self.form.expresses
        lost = given - expresses - EXPORTED_TOGETHER
        for key in BY_KEY:
            if key in lost:
                self.note(key, "no-place", weakens=key in _BOUNDS)
        for key in sorted(_PATHS & expresses & given):
            if not str(self.given(key)).startswith(("/", "~", "$")):
                self.note(key, "relative-path")
        if self.settings.username and not self.settings.authenticates:
            self.note("username", "user-unused")
        use = token_use(self.form.name) if self.settings.authentication in _TOKENS else None
        if use and use.xoauth2 is not TokenAbility.YES:  # what it runs is written
            self.note("authentication", "tokens", advice=use.advice)
        return Exported(self.form.name, content, tuple(self._notes))


# How often a program parses the values of its variables as JSON.
_JSON_TIMES = {"json": 1, "json-twice": 2}


def _is_json(value: object) -> bool:
    """Whether a program that parses texts as JSON where it can would change this one."""
    try:
        json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return value == "undefined"
    return isinstance(value, str)


def unquoted(value: str) -> str:
    """Return a variable's value as n8n reads it: without blanks, then without a pair of quotes."""
    value = value.strip()
    return value[1:-1] if re.fullmatch(r"(['\"]).*\1", value) else value


def _with_plain_name(mailbox: Mailbox) -> Mailbox:
    """Remove a header's quotes from a display name, for programs with a key for it."""
    quoted = _QUOTED.fullmatch(mailbox.name)
    name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else mailbox.name
    return Mailbox(name, mailbox.address)


# Values that a table `write` can name; any other name is the key of a setting.
_VALUES: dict[str, Callable[[ExportBuilder], Any]] = {
    "host": lambda out: None if out.socket else out.settings.host,
    "socket": lambda out: out.socket,
    "host_with_port": lambda out: out.host_with_port,
    "port": lambda out: None if out.socket else out.settings.port,
    "verify_mode": lambda out: str(out.settings.openssl_verify_mode),
    "proxy": lambda out: str(out.settings.proxy) if out.settings.proxy else None,
    "socks_host": lambda out: out.socks_proxy.host if out.socks_proxy else None,
    "socks_port": lambda out: out.socks_proxy.port if out.socks_proxy else None,
    "username": lambda out: out.username,
    "password": lambda out: out.secret if out.wants_secret else None,
    "timeout": lambda out: out.whole_seconds,
    "bare_fingerprint": lambda out: (out.fingerprint or "").replace(":", "") or None,
    "dma_verifies": lambda out: (
        True if out.link != "none" and out.verifies and not out.fingerprint else None
    ),
    "fingerprint": lambda out: out.fingerprint,
    "from": lambda out: out.sender,
    "sender_address": lambda out: out.mailbox.address or None,
    "sender_name": lambda out: out.mailbox.name or None,
    "own_sender": lambda out: out.own_sender.address or None,
    # With the default sender; in Python's percent format.
    "own_from": lambda out: out.sender or out.settings.sender,
    "percent_from": lambda out: (out.sender or out.settings.sender or "").replace("%", "%%"),
    "port_as_text": lambda out: str(out.settings.port),
    "logs_in": lambda out: out.username is not None,
    "logs_in_as_text": lambda out: str(out.username is not None).lower(),
    "gem_symbol": lambda out: f":{out.gem_mechanism}" if out.gem_mechanism else None,
    "roundcube_host": lambda out: (
        {"ssl": "ssl://", "tls": "tls://"}.get(out.link, "") + out.host_with_port
    ),
    "username_or_empty": lambda out: out.username or "",
    "authelia_address": lambda out: (
        f"{'submissions' if out.link == 'ssl' else 'smtp'}://{out.host_with_port}"
    ),
    "timeout_in_s": lambda out: f"{seconds}s" if (seconds := out.whole_seconds) else None,
    "own_sender_name": lambda out: out.own_sender.name or None,
    "sender_local_part": lambda out: out.mailbox.address.rpartition("@")[0] or None,
    "sender_domain": lambda out: out.mailbox.address.rpartition("@")[2] or None,
    "local_part": lambda out: out.own_sender.address.rpartition("@")[0],
    "mail_domain": lambda out: out.own_sender.address.rpartition("@")[2],
    # A certificate file may also hold its key.
    "key_or_certificate": lambda out: out.given("client_key") or out.given("client_certificate"),
    "verified_name": lambda out: out.given("server_name") if out.verifies else None,
    "upper_mechanism": lambda out: (out.mechanism or "").upper() or None,
    "mechanism_or_switch": lambda out: (
        (out.mechanism or "on") if out.settings.authenticates else "off"
    ),
    "gem_mechanism": lambda out: out.gem_mechanism,
    "gem_login": lambda out: out.gem_mechanism if out.username else "none",
}


_SENDERS = ("own_sender", "own_from", "percent_from")


def _note_needed_sender(out: ExportBuilder) -> None:
    if not out.settings.sender:
        name = next(name for name, source in out.form.write.items() if source in _SENDERS)
        out.note("from", "needs-sender", name=name)


def _note_nextcloud_sender(out: ExportBuilder) -> None:
    if not out.settings.sender:
        out.note("from", "nextcloud-sender")
    elif parse_mailbox(out.settings.sender).name:
        out.note("from", "no-sender-name")


def _note_sender_name(out: ExportBuilder) -> None:
    if out.mailbox.name:
        out.note("from", "no-sender-name")


def _note_port_465(out: ExportBuilder) -> None:
    if out.link != "ssl" and out.settings.port == 465:
        if out.form.name == "node":
            out.warn("port", "node-465")
        else:
            out.note("port", "port-means-tls")


def _note_default_mechanism(out: ExportBuilder) -> None:
    if out.username is not None and out.mechanism is None:
        out.note("authentication", "default-mechanism", name=out.form.read["mechanism"]["default"])


def _refuse_no_465(out: ExportBuilder) -> None:
    if out.link == "ssl" and out.settings.port != 465:
        raise InterchangeError(text("only-465", program=out.form.title, port=out.settings.port))


def _refuse_reference(out: ExportBuilder) -> None:
    """Refuse a value that the program would look up elsewhere, or cannot parse."""
    keys = ("host", "username", "from")
    values = {key: out.given(key) for key in keys} | {"password": out.secret}
    for key, value in values.items():
        try:
            is_reference = urlsplit(value or "").scheme in ("env", "file")
        except ValueError:
            is_reference = True
        if is_reference:
            raise InterchangeError(text("reference", program=out.form.title, key=key))


def _note_unverified(out: ExportBuilder) -> None:
    if out.link == "ssl":
        _ = out.verifies
    elif out.settings.openssl_verify_mode is not VerifyMode.NONE:
        out.warn("openssl_verify_mode", "unverified-starttls")


def _refuse_coerced(out: ExportBuilder) -> None:
    """Refuse a text that Discourse would read as a switch or as another number."""
    for key, value in (("username", out.username), ("password", out.secret)):
        if re.fullmatch(r"true|false|-?0\d+|-0", value or ""):
            raise InterchangeError(text("coerced", program=out.form.title, key=key))


def _note_rejected_password(out: ExportBuilder) -> None:
    if out.wants_secret and out.secret is not None:
        out.note("password", "chart-rejects-password")


def _note_ascii_login(out: ExportBuilder) -> None:
    """Note a login that Python's smtplib cannot encode."""
    for key, value in (("username", out.username), ("password", out.secret)):
        if out.wants_secret and not (value or "").isascii():
            out.note(key, "ascii-login", key=key)


_FIRST: dict[str, Callable[[ExportBuilder], object]] = {
    "link": lambda out: out.link,
    "mechanism": lambda out: out.mechanism,
    "default_mechanism": _note_default_mechanism,
    # For programs that decide on verification or the mechanism themselves.
    "own_ways": lambda out: (out.verifies, out.mechanism),
    "needed_sender": _note_needed_sender,
    "nextcloud_sender": _note_nextcloud_sender,
    "address_only": _note_sender_name,
    "465_is_ssl": _note_port_465,
    "only_465": _refuse_no_465,
    "not_coerced": _refuse_coerced,
    "ascii_login": _note_ascii_login,
    "no_reference": _refuse_reference,
    "outline_trust": _note_unverified,
    "chart_rejects_password": _note_rejected_password,
}


def export_text(
    format: str,
    values: Mapping[str, object],
    *,
    with_password: bool = False,
    secret: str | None = None,
    quoting: str | None = None,
) -> Exported:
    """Export raw values in another program's format.

    Without `with_password` the password is left out, or becomes the program's own reference to it.
    `secret` is the password if the values only name its source. InterchangeError if the values
    are not valid settings, or if one does not fit the format.
    """
    form = format_named(format)
    if quoting and not form.takes_quoting:
        raise QuotingError(text("no-quoting", format=form.name))
    out = _builder(form, values, with_password, secret, quoting)
    return out.done(form.code("write")(out))


def export_pairs(
    format: str, values: Mapping[str, object], *, with_password: bool = False
) -> tuple[dict[str, Any], tuple[ImportNote, ...]]:
    """Return the names that the format's table `write` sets, and the export's notes."""
    out = _builder(format_named(format), values, with_password, None, None)
    return dict(out.pairs()), out.done("").notes


def _builder(
    form: FormatSpec,
    values: Mapping[str, object],
    with_password: bool,
    secret: str | None,
    quoting: str | None,
) -> ExportBuilder:
    reading = parse_settings(values)
    if reading.settings is None:
        raise InterchangeError("; ".join(map(str, reading.problems)))
    settings = reading.settings
    literal = settings.password.value if isinstance(settings.password, LiteralSource) else None
    known = (literal if secret is None else secret) if with_password else None
    if with_password and settings.needs_password and settings.username and known is None:
        raise InterchangeError(text("no-password"))
    return ExportBuilder(form, settings, known, quoting)
