"""The values as they stand while they are edited: half of them missing, some not to be read."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption, VerifyMode
from smtp_tui.settings.parsers import is_address, is_this_machine
from smtp_tui.settings.password_sources import Literal
from smtp_tui.settings.validate import defaults, parse_fields

# Whose default cannot be told while another field cannot be read.
_FOLLOWS = {
    "port": {"encryption"},
    "authentication": {"username"},
    "from": {"username", "domain"},
}
_NEAR = (".localhost", ".localdomain", ".local", ".lan", ".home", ".internal", ".home.arpa")


class LinkSecurity(StrEnum):
    """What becomes of the link, as the settings have it."""

    OPEN = "open"
    PERHAPS = "perhaps"  # STARTTLS where it is offered
    TLS = "tls"


@record
class PartialSettings:
    """Each field's value by key, its default where none is set; what cannot be read is left out.

    `present` names the fields that are set, to a value that can be read or not.
    """

    values: Mapping[str, Any]
    present: frozenset[str]

    def __getitem__(self, key: str) -> Any:
        """Return a field's value; None where there is none or it cannot be read."""
        return self.values.get(key)

    @property
    def link(self) -> LinkSecurity | None:
        """What becomes of the link; None where it cannot be told."""
        encryption = self["encryption"]
        if encryption is Encryption.NONE:
            return {True: LinkSecurity.PERHAPS, False: LinkSecurity.OPEN}.get(self["starttls_auto"])
        return encryption and LinkSecurity.TLS

    @property
    def mechanism(self) -> Authentication | None:
        """How the login is done; None where nobody logs in, or it cannot be told."""
        authentication: Authentication | None = self["authentication"]
        if authentication is Authentication.NONE:
            return None
        if authentication is Authentication.AUTO and not self["username"]:
            return None
        return authentication

    @property
    def secret(self) -> str | None:
        """The password, where it stands in the file itself."""
        source = self["password"]
        return source.value if isinstance(source, Literal) else None

    @property
    def verifies(self) -> bool:
        """Whether the certificate's chain and name will be checked, where there is TLS."""
        by_mode = self["openssl_verify_mode"] not in (None, VerifyMode.NONE)
        return by_mode and "tls_fingerprint" not in self.present

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine."""
        return is_this_machine(self["host"] or "")

    @property
    def is_near(self) -> bool:
        """Whether the host is in the own network, as far as its name tells, or not known yet."""
        host = (self["host"] or "").casefold().rstrip(".")
        if is_address(host):
            return ipaddress.ip_address(host).is_private
        return self.is_local or "." not in host or host.endswith(_NEAR)


def parse_partial(values: Mapping[str, object]) -> PartialSettings:
    """Take the raw values of a table, whatever state they are in."""
    parsed, problems = parse_fields(values)
    unreadable = {problem.key for problem in problems}
    unknown = unreadable | {
        key for key, others in _FOLLOWS.items() if others & unreadable and key not in parsed
    }
    whole = {**defaults(parsed), **parsed}
    known = {key: value for key, value in whole.items() if key not in unknown}
    return PartialSettings(known, frozenset(parsed) | unreadable)


def domain_of(address: str) -> str:
    """Return the domain of a mail address, `Name <…>` too; empty where it has none."""
    return address.rpartition("@")[2].rstrip("> ").casefold() if "@" in address else ""
