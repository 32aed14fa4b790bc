"""The allowed values of choice fields, and their other spellings."""

from __future__ import annotations

from enum import StrEnum


class Encryption(StrEnum):
    """How the connection is encrypted (RFC 3207 and RFC 8314)."""

    NONE = "none"
    TLS = "tls"
    SSL = "ssl"


class Authentication(StrEnum):
    """A SASL mechanism by name (RFC 4422), `none`, or `auto` for the strongest safe one."""

    NONE = "none"
    PLAIN = "plain"
    LOGIN = "login"
    CRAM_MD5 = "cram-md5"
    AUTO = "auto"
    SCRAM_SHA_256 = "scram-sha-256"
    SCRAM_SHA_1 = "scram-sha-1"
    XOAUTH2 = "xoauth2"
    OAUTHBEARER = "oauthbearer"
    EXTERNAL = "external"


# Their password is an access token.
OF_TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
# What `auto` tries, best first: on an encrypted connection, and on an open one.
AUTO_ENCRYPTED = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN")
AUTO_OPEN = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5")


class VerifyMode(StrEnum):
    """Whether the peer certificate is verified."""

    NONE = "none"
    PEER = "peer"
    FAIL_IF_NO_PEER_CERT = "fail_if_no_peer_cert"


class Protocol(StrEnum):
    """The protocol that the server speaks: SMTP, or LMTP (RFC 2033)."""

    SMTP = "smtp"
    LMTP = "lmtp"


class AddressFamily(StrEnum):
    """The IP versions used to reach the host."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class TlsVersion(StrEnum):
    """A TLS protocol version."""

    V1_0 = "1.0"
    V1_1 = "1.1"
    V1_2 = "1.2"
    V1_3 = "1.3"


def _folded(text: str) -> str:
    return text.strip().casefold().replace("_", "-")


# Spellings in other programs' files; mail clients call implicit TLS `ssl/tls`.
SYNONYMS: dict[type[StrEnum], dict[str, StrEnum]] = {
    Encryption: {
        "starttls": Encryption.TLS,
        "start-tls": Encryption.TLS,
        "smtps": Encryption.SSL,
        "ssl/tls": Encryption.SSL,
        "off": Encryption.NONE,
    },
    Authentication: {
        "off": Authentication.NONE,
        "crammd5": Authentication.CRAM_MD5,
        "scram-sha256": Authentication.SCRAM_SHA_256,
        "scram-sha1": Authentication.SCRAM_SHA_1,
    },
    VerifyMode: {
        f"{prefix}verify-{_folded(member)}": member
        for prefix in ("", "ssl-", "openssl::ssl::")
        for member in VerifyMode
    },
    Protocol: {"esmtp": Protocol.SMTP},
    AddressFamily: {"inet": AddressFamily.IPV4, "inet6": AddressFamily.IPV6},
    TlsVersion: {
        f"tls{v}{member.value.replace('.', point)}": member
        for v in ("", "v", " ")
        for point in (".", "-")
        for member in TlsVersion
    },
}


def choice_named(kind: type[StrEnum], text: str) -> StrEnum | None:
    """Return the member named by `text`, ignoring case and `_` versus `-`, or None."""
    folded = _folded(text)
    for member in kind:
        if _folded(member.value) == folded:
            return member
    return SYNONYMS.get(kind, {}).get(folded)
