"""From our settings to a text of another program, and what that program will do otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from math import ceil
from typing import Any

from smtp_tui.interchange.results import Exported, ImportNote, InterchangeError, QuotingError, text
from smtp_tui.interchange.spec import FormatSpec, format_named
from smtp_tui.settings.choices import Authentication, Encryption, VerifyMode
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.parsers import Mailbox, parse_mailbox
from smtp_tui.settings.password_sources import Environment, Literal, PasswordSource
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.escaping import escape_controls

VARIABLE = "SMTP_PASSWORD"
"""The environment variable that an export refers to where the settings name none."""

# Said by `link`, `mechanism` and `verifies`, or settled by them.
_TOGETHER = frozenset({"encryption", "starttls_auto", "authentication", "openssl_verify_mode"})

# Mechanisms that never show the password itself, and settings that bound whom to trust and how.
_CHALLENGES = frozenset(
    {Authentication.CRAM_MD5, Authentication.SCRAM_SHA_256, Authentication.SCRAM_SHA_1}
)
_BOUNDS = frozenset({"ca_file", "tls_fingerprint", "tls_minimum"})

# Relative ones begin at the settings file, which the other program does not know.
_PATHS = frozenset({"ca_file", "client_certificate", "client_key"})

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SPECIALS = re.compile(r'[][\\()<>@,:;".]')
_NOBODY = Mailbox("", "")


class ExportBuilder:
    """Our settings, handed out one by one; what nobody asked for is noted at the end."""

    def __init__(
        self, form: FormatSpec, settings: Settings, secret: str | None, quoting: str | None
    ) -> None:
        self.form = form
        self.quoting = quoting
        self.settings = settings
        self.secret = secret
        # As keys: what is asked for twice is noted once.
        self._notes: dict[ImportNote, None] = {}
        # A line end in a value would be a line of its own in the file that is written.
        values = {key: self.given(key) for key in settings.given - {"password"}}
        for key, value in {**values, "password": secret}.items():
            if isinstance(value, str) and escape_controls(value) != value:
                raise InterchangeError(text("invisible", key=key))

    def given(self, key: str) -> Any:
        """Return a value that was set, None where it stands at its default."""
        if key not in self.settings.given:
            return None
        return getattr(self.settings, BY_KEY[key].attribute)

    @property
    def host_with_port(self) -> str:
        """`host:port`, with the brackets that an IPv6 address needs there."""
        host = self.settings.host
        return f"{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    @cached_property
    def link(self) -> str:
        """How the link is protected, or the nearest to it that the program has, noted."""
        settings, form = self.settings, self.form
        is_open = settings.encryption is Encryption.NONE
        wanted = "auto" if is_open and settings.starttls_auto else str(settings.encryption)
        link = form.links[wanted]
        if link != wanted:
            if wanted == "tls":
                self.warn("encryption", form.cannot_require)
            else:
                self.note("encryption", f"{wanted}-becomes-{link}")
        # Where the target sends a password without TLS, and a check here would not.
        if self.wants_secret and is_open and link == "auto":
            self.warn("starttls_auto", form.goes_on)
        elif self.wants_secret and is_open and link == "none":
            is_auto = settings.authentication is Authentication.AUTO
            if is_auto or form.in_clear != "password-in-clear":
                self.warn("encryption", form.in_clear)
        return link

    @property
    def mechanism(self) -> str | None:
        """The mechanism to name; None where the program chooses, or has it not."""
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
        """The mechanism as Ruby's mail gem spells it; None where PLAIN, its default, is left."""
        if self.username is not None and self.mechanism is None:
            self.note("authentication", "ruby-plain")
        return (self.mechanism or "").replace("-", "_") or None

    @property
    def username(self) -> str | None:
        """The user name, if the settings log in at all."""
        return self.settings.username if self.settings.authenticates else None

    @property
    def verifies(self) -> bool:
        """Whether the certificate is to be checked, as far as the program gives a choice."""
        if self.given("tls_fingerprint") and "tls_fingerprint" in self.form.expresses:
            return True  # which takes the place of the mode, here as there
        wanted = self.settings.openssl_verify_mode is not VerifyMode.NONE
        if wanted is False and "none" not in self.form.verify:
            self.note("openssl_verify_mode", "always-verifies")
            return True
        return wanted

    @property
    def whole_seconds(self) -> int | None:
        """The time-out, if it was set, for a program that takes whole seconds a step."""
        timeout: float | None = self.given("timeout")
        if timeout is None:
            return None
        self.note("timeout", "timeout-a-step")
        return ceil(timeout)

    @property
    def fingerprint(self) -> str | None:
        """The certificate's fingerprint, if it was set, with colons."""
        return ":".join(re.findall("..", self.given("tls_fingerprint") or "")).upper() or None

    @property
    def source(self) -> PasswordSource | None:
        """Where the password is kept, if the settings log in with one."""
        return self.settings.password if self.settings.needs_password else None

    @property
    def wants_secret(self) -> bool:
        """Whether the target needs a password at all."""
        return self.settings.needs_password and self.username is not None

    @property
    def lacks_secret(self) -> bool:
        """Whether the target needs a password that the text is not to hold."""
        return self.wants_secret and self.secret is None

    @property
    def variable(self) -> str:
        """The environment variable that a reference to the password names."""
        return self.source.name if isinstance(self.source, Environment) else VARIABLE

    @property
    def mailbox(self) -> Mailbox:
        """The sender, its display name as people read it; without an address if it was not set."""
        sender = self.given("from")
        return _NOBODY if sender is None else _with_plain_name(parse_mailbox(sender))

    @property
    def own_sender(self) -> Mailbox:
        """The sender, else the one that smtp-tui makes: some programs send nothing without."""
        if self.mailbox.address or not self.settings.sender:
            return self.mailbox
        return parse_mailbox(self.settings.sender)

    @property
    def sender(self) -> str | None:
        """The sender, if it was set, as a header needs it: a comma in quotes (RFC 5322)."""
        sender = self.given("from")
        if sender is None:
            return None
        plain = _with_plain_name(parse_mailbox(sender))
        if not _SPECIALS.search(plain.name):
            return str(plain)
        escaped = re.sub(r'(["\\])', r"\\\1", plain.name)
        return f'"{escaped}" <{plain.address}>'

    def note(self, key: str, identity: str, /, *, weakens: bool = False, **names: object) -> None:
        """Note what the target will not do, or will do otherwise."""
        said = text(identity, **{"program": self.form.title, **names})
        self._notes.setdefault(ImportNote(key, said, weakens))

    def warn(self, key: str, identity: str, /, **names: object) -> None:
        """Note where the target protects mail or password less than our settings do."""
        self.note(key, identity, weakens=True, **names)

    def pairs(self) -> list[tuple[str, Any]]:
        """Return the names that the format's table `write` sets, with their values.

        Notes stand in the order in which they are made, so a format says what is looked at `first`.
        """
        for look in self.form.first:
            _FIRST[look](self)
        found = [(name, self._value(source)) for name, source in self.form.write.items()]
        return [(name, value) for name, value in found if value is not None]

    def _value(self, source: str | Mapping[str, Any]) -> Any:
        if isinstance(source, str):
            return _VALUES[source](self) if source in _VALUES else self.given(source)
        ((kind, words),) = source.items()
        if kind == "always":
            return words
        if kind == "tls":
            return None if self.link == "none" else self._value(words)
        if kind in ("link", "mechanism", "verifies"):
            return words.get(str(getattr(self, kind)).lower())
        value = self.given(kind)
        return words.get(str(value)) if isinstance(words, dict) else words if value else None

    @property
    def secret_name(self) -> str:
        """What the format's table calls the password."""
        return next(name for name, source in self.form.write.items() if source == "password")

    def done(self, content: str) -> Exported:
        """Return the outcome; what was set and has no place in the target is noted."""
        given, expresses = self.settings.given, self.form.expresses
        lost = given - expresses - _TOGETHER
        for key in BY_KEY:
            if key in lost:
                self.note(key, "no-place", weakens=key in _BOUNDS)
        for key in sorted(_PATHS & expresses & given):
            if not str(self.given(key)).startswith(("/", "~", "$")):
                self.note(key, "relative-path")
        if self.settings.username and not self.settings.authenticates:
            self.note("username", "user-unused")
        return Exported(self.form.name, content, tuple(self._notes))


def _with_plain_name(mailbox: Mailbox) -> Mailbox:
    """Take the quotes of a header off a display name, for programs that have a key for it."""
    quoted = _QUOTED.fullmatch(mailbox.name)
    name = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else mailbox.name
    return Mailbox(name, mailbox.address)


# What a name in a table `write` may stand for; any other is a key of ours that was set.
_VALUES: dict[str, Callable[[ExportBuilder], Any]] = {
    "host": lambda out: out.settings.host,
    "host_with_port": lambda out: out.host_with_port,
    "port": lambda out: out.settings.port,
    "verify_mode": lambda out: str(out.settings.openssl_verify_mode),
    "username": lambda out: out.username,
    "password": lambda out: out.secret if out.wants_secret else None,
    "timeout": lambda out: out.whole_seconds,
    "fingerprint": lambda out: out.fingerprint,
    "from": lambda out: out.sender,
    "sender_address": lambda out: out.mailbox.address or None,
    "sender_name": lambda out: out.mailbox.name or None,
    "own_sender": lambda out: out.own_sender.address or None,
    "own_sender_name": lambda out: out.own_sender.name or None,
    "local_part": lambda out: out.own_sender.address.rpartition("@")[0],
    "mail_domain": lambda out: out.own_sender.address.rpartition("@")[2],
    # A certificate's file may hold its key too.
    "key_or_certificate": lambda out: out.given("client_key") or out.given("client_certificate"),
    "verified_name": lambda out: out.given("server_name") if out.verifies else None,
    "upper_mechanism": lambda out: (out.mechanism or "").upper() or None,
    "mechanism_or_switch": lambda out: (
        (out.mechanism or "on") if out.settings.authenticates else "off"
    ),
    "gem_mechanism": lambda out: out.gem_mechanism,
    "gem_login": lambda out: out.gem_mechanism if out.username else "none",
}


def _note_needed_sender(out: ExportBuilder) -> None:
    if not out.settings.sender:
        name = next(name for name, source in out.form.write.items() if source == "own_sender")
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


_FIRST: dict[str, Callable[[ExportBuilder], object]] = {
    "link": lambda out: out.link,
    "mechanism": lambda out: out.mechanism,
    # Where the program checks certificates, or picks a mechanism, by itself alone.
    "own_ways": lambda out: (out.verifies, out.mechanism),
    "needed_sender": _note_needed_sender,
    "nextcloud_sender": _note_nextcloud_sender,
    "address_only": _note_sender_name,
    "465_is_ssl": _note_port_465,
}


def export_text(
    format: str,
    values: Mapping[str, object],
    *,
    with_password: bool = False,
    secret: str | None = None,
    quoting: str | None = None,
) -> Exported:
    """Write our raw values as another program keeps them.

    Without `with_password` the password stays out, or becomes that program's own reference to it.
    `secret` is the password where the values only name its place. InterchangeError where the
    values are no settings, or one of them does not fit into the format.
    """
    form = format_named(format)
    if quoting and not form.takes_quoting:
        raise QuotingError(text("no-quoting", format=form.name))
    reading = parse_settings(values)
    if reading.settings is None:
        raise InterchangeError("; ".join(map(str, reading.problems)))
    settings = reading.settings
    literal = settings.password.value if isinstance(settings.password, Literal) else None
    known = (literal if secret is None else secret) if with_password else None
    if with_password and settings.needs_password and settings.username and known is None:
        raise InterchangeError(text("no-password"))
    out = ExportBuilder(form, settings, known, quoting)
    return out.done(form.code("write")(out))
