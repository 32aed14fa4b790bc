"""From our settings to those of another program: what each exporter writes, and what is lost.

From our values to a text of another program.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from smtp_tui.interchange.entries import in_header, with_plain_name
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
        self._check_signs()

    def _check_signs(self) -> None:
        # A line end in a value would be a line of its own in the file that is written.
        for key in (*(self.settings.given - {"password"}), "password"):
            value = self.secret if key == "password" else self.given(key)
            if isinstance(value, str) and escape_controls(value) != value:
                raise InterchangeError(text("invisible", key=key))

    @property
    def host(self) -> str:
        """The host, an IPv6 address without its brackets."""
        return self.settings.host

    @property
    def host_with_port(self) -> str:
        """`host:port`, with the brackets that an IPv6 address needs there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.settings.port}"

    @property
    def link(self) -> str:
        """How the link is protected, or the nearest to it that the program has, noted."""
        settings = self.settings
        wanted = str(settings.encryption)
        if settings.encryption is Encryption.NONE and settings.starttls_auto:
            wanted = "auto"
        has = self.form.links[wanted]
        if has != wanted:
            if wanted == "tls":
                self.warn("encryption", self.form.cannot_require, program=self.form.title)
            else:
                self.note("encryption", f"{wanted}-becomes-{has}", program=self.form.title)
        self._note_open_password(has)
        return has

    def _note_open_password(self, link: str) -> None:
        """Note where the target sends a password without TLS, and a check here would not."""
        program = self.form.title
        if not self.wants_secret or self.settings.encryption is not Encryption.NONE:
            return
        if link == "auto":
            self.warn("starttls_auto", self.form.goes_on, program=program)
        elif link == "none" and (
            self.settings.authentication is Authentication.AUTO
            or self.form.in_clear != "password-in-clear"
        ):
            self.warn("encryption", self.form.in_clear, program=program)

    @property
    def mechanism(self) -> str | None:
        """The mechanism to name; None where the program chooses, or has it not."""
        chosen = self.settings.authentication
        if chosen in (Authentication.AUTO, Authentication.NONE):
            return None
        if chosen not in self.form.mechanisms:
            told = self.warn if chosen in _CHALLENGES else self.note
            told("authentication", "other-mechanism", program=self.form.title, name=chosen)
            return None
        return str(chosen)

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
            self.note("openssl_verify_mode", "always-verifies", program=self.form.title)
            return True
        return wanted

    def note_own_ways(self) -> None:
        """Note where the program checks certificates, or picks a mechanism, by itself alone."""
        _ = self.verifies, self.mechanism

    @property
    def whole_seconds(self) -> str | None:
        """The time-out, if it was set, for a program that takes whole seconds a step."""
        timeout = self.given("timeout")
        if timeout is None:
            return None
        self.note("timeout", "timeout-a-step")
        return str(ceil(timeout))

    @property
    def source(self) -> PasswordSource | None:
        """Where the password is kept, if the settings log in with one."""
        return self.settings.password if self.settings.needs_password else None

    @property
    def wants_secret(self) -> bool:
        """Whether the target needs a password at all."""
        return self.settings.needs_password and self.username is not None

    @property
    def variable(self) -> str:
        """The environment variable that a reference to the password names."""
        return self.source.name if isinstance(self.source, Environment) else VARIABLE

    def given(self, key: str) -> Any:
        """Return a value that was set, None where it stands at its default."""
        if key not in self.settings.given:
            return None
        return getattr(self.settings, BY_KEY[key].attribute)

    @property
    def mailbox(self) -> Mailbox | None:
        """The sender, if it was set: its display name as people read it."""
        sender = self.given("from")
        return None if sender is None else with_plain_name(parse_mailbox(sender))

    @property
    def sender(self) -> str | None:
        """The sender, if it was set, as the header of a message needs it."""
        sender = self.given("from")
        return None if sender is None else in_header(parse_mailbox(sender))

    def note(self, key: str, identity: str, /, **names: object) -> None:
        """Note what the target will not do, or will do otherwise."""
        self._notes.setdefault(ImportNote(key, text(identity, **names)))

    def warn(self, key: str, identity: str, /, **names: object) -> None:
        """Note where the target protects mail or password less than our settings do."""
        self._notes.setdefault(ImportNote(key, text(identity, **names), weakens=True))

    def done(self, content: str) -> Exported:
        """Return the outcome; what was set and has no place in the target is noted."""
        lost = self.settings.given - self.form.expresses - _TOGETHER
        for key in BY_KEY:
            if key in lost:
                told = self.warn if key in _BOUNDS else self.note
                told(key, "no-place", program=self.form.title)
        for key in sorted(_PATHS & self.form.expresses & self.settings.given):
            if not str(self.given(key)).startswith(("/", "~", "$")):
                self.note(key, "relative-path", program=self.form.title)
        if self.settings.username and not self.settings.authenticates:
            self.note("username", "user-unused")
        return Exported(self.form.name, content, tuple(self._notes))


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
    exported: Exported = form.code("write")(out)
    return exported
