"""Parse a TOML value or a typed text into a field's value.

A parser never guesses: it rejects an invalid value with a ValueError that says what is allowed and
can be shown next to the field.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Callable
from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.safe_text import holds_url_password, mask_credentials
from smtp_tui.settings.choices import choice_named

# RFC 952 allows no underscores in hostnames, but internal zones use them and resolvers accept them.
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_FORBIDDEN = {"\r": "a carriage return", "\n": "a line end", "\0": "a NUL byte"}
_PARTS = (
    r"(?s)(?:(?P<scheme>[A-Za-z][\w+.-]*)://)?(?:(?P<user>[^\s:/@]*)(?P<secret>:.*)?@)?"
    r"(?P<host>[^\s:/@?#\[\]]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?"
)
_SWITCHES = {"true": True, "yes": True, "on": True, "1": True}
_SWITCHES |= {"false": False, "no": False, "off": False, "0": False}

Parser = Callable[[object], object]


@record
class UnreadableValue:
    """A file's value without a known meaning; the field shows the reason."""

    reason: str
    shown: str = "?"

    def __str__(self) -> str:
        """Return the text that may be shown for the value."""
        return self.shown


def shown(value: object) -> str:
    """Quote a rejected value for an error message, without passwords, in at most 40 characters."""
    match value:
        case str():
            text = repr(mask_credentials(value))
        case bool():
            text = str(value).lower()
        case dict() | list():  # may hold a secret
            text = "a table" if isinstance(value, dict) else "a list"
        case _:
            text = mask_credentials(str(value))
    return text if len(text) <= 40 else text[:36] + "…" + text[-1]


def text(value: object) -> str:
    """Any text without CR, LF and NUL, which would end the SMTP command that carries it."""
    if not isinstance(value, str):
        remedy = "write one text" if isinstance(value, dict | list) else "put it in quotes"
        raise ValueError(f"{shown(value)} is not text; {remedy}")
    for character, name in _FORBIDDEN.items():
        if character in value:
            raise ValueError(f"contains {name}, which would end the SMTP command early; remove it")
    return value


def public_text(value: object) -> str:
    """Text that may be shown and logged: a URL with a password is rejected."""
    found = text(value)
    if holds_url_password(found):
        raise ValueError("is a URL with a password in it; keep the password only in password")
    return found


def word(value: object) -> object:
    """Text without outer spaces and line ends; any other value unchanged."""
    return text(value).strip() if isinstance(value, str) else value


def port(value: object) -> int:
    """A TCP port, 1 to 65535, as a number or its digits."""
    digits = word(value)
    # int() also accepts digits of other scripts, blanks, `_` and numbers of any length.
    if isinstance(digits, str) and digits.isascii() and digits.isdigit() and len(digits) <= 9:
        digits = int(digits)
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 65535:
        raise ValueError(f"{shown(value)} is not a port; use a number from 1 to 65535")
    return digits


def seconds(value: object) -> float:
    """A duration in seconds, more than 0 and at most one day."""
    number = word(value)
    if isinstance(number, str):
        with contextlib.suppress(ValueError):
            number = float(number)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= 86400:
        raise ValueError(
            f"{shown(value)} is not a number of seconds; use more than 0 and at most 86400"
        )
    return float(number)


def switch(value: object) -> bool:
    """A boolean, or text such as `yes` or `off`."""
    if isinstance(value, bool):
        return value
    switched = _SWITCHES.get(str(word(value)).casefold())
    if switched is None:
        raise ValueError(f"{shown(value)} is neither true nor false; use one of the two")
    return switched


def choice(kind: type[StrEnum]) -> Parser:
    """Return a parser that accepts all spellings of an enum's members."""

    def parse(value: object) -> StrEnum:
        raw = word(value)
        # In TOML `tls_minimum = 1.2` is a number, but its meaning is clear.
        member = choice_named(kind, str(raw)) if isinstance(raw, str | float) else None
        if member is None:
            allowed = ", ".join(kind)
            raise ValueError(f"{shown(value)} is not allowed; use one of {allowed}")
        return member

    return parse


# Bytes of a UNIX socket's path on Linux, without the final NUL (unix(7)); macOS allows 103.
_SOCKET = "unix:"
_LONGEST_SOCKET = 107


def socket_path(host: str) -> str | None:
    """Return the path of a host that is a UNIX socket, `unix:/path`; None for any other."""
    return host.removeprefix(_SOCKET) if host.startswith(_SOCKET) else None


def server(value: object) -> str:
    """A hostname, an IP address, or a UNIX socket as `unix:/path`."""
    name = text(value).strip()
    if not name.casefold().startswith(_SOCKET):
        return host(value)
    # Docker and others write `unix:///path`.
    path = re.sub(r"^//(?=/)", "", name[len(_SOCKET) :])
    if not path.startswith("/"):
        raise ValueError(f"{shown(name)} is not an absolute path; write unix:/path/of/the/socket")
    if not path.isprintable():
        raise ValueError(f"{shown(name)} contains a control character; remove it")
    if (length := len(os.fsencode(path))) > _LONGEST_SOCKET:
        raise ValueError(
            f"the socket's path has {length} bytes; the system allows {_LONGEST_SOCKET}"
        )
    return _SOCKET + path


def host(value: object) -> str:
    """A hostname or an IP address, returned without the brackets of an IPv6 address."""
    name = text(value).strip()
    if "://" in name or "@" in name:
        raise ValueError(_explain_parts(name))
    # URLs and Exim put IPv6 addresses in brackets.
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if is_address(bare):
        return bare
    if any(letter.isspace() for letter in name):
        raise ValueError(f"{shown(name)} contains a space; a hostname or an IP address has none")
    if re.fullmatch(r"([^:]*|\[.*\]):[0-9]+", name):
        raise ValueError(f"{shown(name)} contains a port; put it in the field port")
    _check_name(name, "a hostname or an IP address")
    return name


def _explain_parts(name: str) -> str:
    """Return how to write a URL or `user:password@host` as separate settings, without password."""
    problem = "is a URL" if "://" in name else "contains an @"
    parts = re.fullmatch(_PARTS, name)
    try:
        is_name = parts is not None and bool(host(parts["host"]))
    except ValueError:
        is_name = False
    if parts is None or not is_name:
        return f"{problem}; write only the hostname, and set port and username separately"
    settings = [f'host = "{parts["host"]}"']
    if parts["port"]:
        settings.append(f"port = {int(parts['port'])}")
    if (parts["scheme"] or "").casefold() in ("smtps", "ssmtp", "submissions"):
        settings.append('encryption = "ssl"')
    user = parts["user"] or ""
    if user.isprintable() and user and not set(user) & set('"\\%'):
        settings.append(f'username = "{user}"')
    kept = ", and keep the password in password" if parts["secret"] else ""
    advice = f": set {', '.join(settings)}{kept}" if len(settings) > 1 or kept else ""
    return f"{problem}; write only the hostname{advice}"


def domain(value: object) -> str:
    """The EHLO argument: a domain or an address literal (RFC 5321, section 4.1.3)."""
    name = text(value).strip()
    if name.startswith("[") and name.endswith("]"):
        literal = name[1:-1]
        tag, _, rest = literal.partition(":")
        inner = rest if tag.casefold() == "ipv6" else literal
        if is_address(inner) and "%" not in inner:
            return name
        raise ValueError(f"{shown(name)} is not an address literal like [192.0.2.1]")
    if is_address(name):
        raise ValueError(f"{shown(name)} is a bare address; in EHLO write {address_literal(name)}")
    if any(letter.isspace() for letter in name):
        raise ValueError(f"{shown(name)} contains a space; a domain has none")
    _check_name(name, "a domain like host.example.org or [192.0.2.1]")
    return name


def address(value: object) -> str:
    """An IPv4 or IPv6 address."""
    name = text(value).strip()
    if not is_address(name):
        raise ValueError(f"{shown(name)} is not an IP address; use an address of this machine")
    return name


def fingerprint(value: object) -> str:
    """A certificate's SHA-256 as 64 hex digits; colons, spaces and case are ignored."""
    # `openssl x509 -fingerprint` prints `sha256 Fingerprint=AB:CD:…`.
    digits = re.sub(r"^sha-?256( fingerprint)?[:=]", "", text(value).strip().casefold())
    digits = re.sub(r"[:\s]", "", digits)
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("is not a SHA-256 fingerprint; use its 64 hexadecimal digits")
    return digits


def is_address(name: str) -> bool:
    """Return whether `name` is an IP address; an IPv6 address may have a zone index."""
    bare, sign, zone = name.partition("%")
    # A zone is an interface name; `ipaddress` accepts any characters in it.
    if sign and not re.fullmatch(r"[A-Za-z0-9._~-]+", zone):
        return False
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return not sign or ":" in bare


def is_this_machine(name: str) -> bool:
    """Return whether a host is here: localhost, a loopback or unspecified address, or a socket."""
    host = name.casefold().rstrip(".")
    if socket_path(host) is not None:
        return True
    if is_address(host):
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    return host in ("localhost", "localhost.localdomain") or host.endswith(".localhost")


def ascii_name(name: str) -> str:
    """Return a hostname's A-label form (RFC 5891); ASCII text is returned unchanged."""
    if name.isascii():
        return name
    import idna  # few hosts need it, and its tables take time to load

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{shown(name)} is not an international hostname: {error}") from None


def _check_name(name: str, wanted: str) -> None:
    labels = ascii_name(name).removesuffix(".").split(".")
    # RFC 1035, section 2.3.4: 63 octets per label, 253 characters per name.
    valid = all(_LABEL.fullmatch(label) for label in labels) and len(".".join(labels)) <= 253
    # `192.0.2` and `192.0.2.256` are mistyped addresses, not names.
    if not valid or labels[-1].isdigit():
        raise ValueError(f"{shown(name)} is not {wanted}")


def address_literal(address: str) -> str:
    """Return the EHLO argument of a machine without a name (RFC 5321, section 4.1.3)."""
    bare = address.partition("%")[0]
    return f"[IPv6:{bare}]" if ":" in bare else f"[{bare}]"


# `Name <local@domain>` (RFC 5322, section 3.4).
_NAMED = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>")
# RFC 5321, section 4.1.2, with the non-ASCII letters of RFC 6531. The pattern excludes the
# characters that an atom must not hold: listing those it may hold compiles ten times slower.
_ATOM = r'[^\x00-\x20"(),.:;<>@\[\\\]\x7f]+'
# A display name holds no control character, line or paragraph separator, or byte that is not UTF-8.
# Compiled on demand, as that takes longer than the rest of the module.
_NAME = "[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*"
_LOCAL = re.compile(rf'{_ATOM}(\.{_ATOM})*|"([^"\\\x00-\x1f\x7f]|\\[ -~])*"')


@record
class Mailbox:
    """An address with a display name, which may be empty."""

    name: str
    address: str

    @property
    def envelope(self) -> str:
        """The address for the envelope, with the domain in A-label form."""
        local, _, name = self.address.rpartition("@")
        return f"{local}@{name if name.startswith('[') else ascii_name(name)}"

    @property
    def is_ascii(self) -> bool:
        """Whether the envelope address needs no SMTPUTF8 (RFC 6531)."""
        return self.envelope.isascii()

    def __str__(self) -> str:
        """Return the mailbox as written, but with normalised white space."""
        return f"{self.name} <{self.address}>" if self.name else self.address


def parse_mailbox(value: object) -> Mailbox:
    """Parse `local@domain` or `Name <local@domain>`; ValueError if it is invalid."""
    written = text(value).strip()
    named = _NAMED.fullmatch(written)
    name, address = (named["name"], named["address"]) if named else ("", written)
    if name and not re.fullmatch(_NAME, name):
        raise ValueError(f"{shown(written)} contains a control character; remove it")
    local, sign, host_name = address.rpartition("@")
    is_address = sign and address.isprintable() and _LOCAL.fullmatch(local)
    if not is_address or len(local.encode()) > 64:
        raise ValueError(f"{shown(written)} is not an address like name@example.org")
    try:
        if domain(host_name) != host_name:
            raise ValueError(f"{shown(host_name)} contains a space; a domain has none")
    except ValueError as error:
        raise ValueError(f"the domain of the address: {error}") from None
    return Mailbox(name, address)


def mailbox_text(value: object) -> str:
    """Validate a mailbox and return it as written, without outer spaces."""
    parse_mailbox(value)
    return text(value).strip()
