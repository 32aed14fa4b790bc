"""What several events hold: replies and certificates."""

from __future__ import annotations

from smtp_tui.checks.events.kinds import (
    CODE,
    COUNT,
    MOMENT,
    SHA256,
    TEXT,
    WHOLE,
    Key,
    many,
    maybe,
    shape,
)
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import TlsEstablished, TlsFailed

_REPLY_KEYS = (
    Key("code", CODE, "The reply code."),
    Key("enhanced", maybe(TEXT), "The enhanced status code (RFC 3463)."),
    Key("text", TEXT, r"The text; \n between its lines, \xNN for a byte that is not UTF-8."),
)
REPLY = shape(*_REPLY_KEYS)
OF_REPLY = tuple(key.below("reply") for key in _REPLY_KEYS)

_CERTIFICATE_KEYS = (
    Key("subject", TEXT, "The subject."),
    Key(
        "names",
        many(TEXT),
        "The names and IP addresses that it is for, 50 at most.",
        lambda certificate: certificate.listed_names,
    ),
    Key("names_omitted", COUNT, "How many more names it is for."),
    Key("issuer", TEXT, "The issuer."),
    Key("not_after", MOMENT, "When it expires."),
    Key("sha256", SHA256, "SHA-256 of the certificate, in hexadecimal."),
)
CERTIFICATE = shape(*_CERTIFICATE_KEYS)

_KEY = shape(
    Key("type", TEXT, "The type of the key, such as RSA or EC."),
    Key("bits", maybe(COUNT), "The size of the key in bits."),
    Key("curve", maybe(TEXT), "The curve of an EC key.", lambda key: key.curve or None),
)
IN_FULL = shape(
    *_CERTIFICATE_KEYS,
    Key("not_before", MOMENT, "When it became valid."),
    Key("days_left", WHOLE, "Whole days until it expires.", Certificate.days_left),
    Key("key", maybe(_KEY), "Its public key; null if it cannot be read."),
    Key(
        "signature",
        maybe(TEXT),
        "The algorithm of its signature.",
        lambda certificate: certificate.signature or None,
    ),
)


def leaf_of(told: TlsEstablished | TlsFailed) -> Certificate | None:
    """Return the server's own certificate."""
    return told.chain[0] if told.chain else None
