"""Read a certificate's key and signature algorithms from its DER (ITU-T X.690).

Python's `ssl` decodes neither. Importing `cryptography` takes 33 ms and asn1crypto 17, where a
whole check takes about 100. The data comes from a server: anything inconsistent is a ValueError.
"""

from __future__ import annotations

from smtp_tui.records import record

SEQUENCE, INTEGER, BIT_STRING, OBJECT_IDENTIFIER = 0x30, 0x02, 0x03, 0x06
# A certificate begins with its version unless it is version 1 (RFC 5280, section 4.1).
CONTEXT_0 = 0xA0

Element = tuple[int, bytes]


def elements(data: bytes) -> list[Element]:
    """Split bytes into their elements, each with its tag and content."""
    found = []
    at = 0
    while at < len(data):
        content, end = _content(data, at)
        found.append((data[at], content))
        at = end
    return found


def inside(element: Element, tag: int = SEQUENCE) -> list[Element]:
    """Return the elements inside one that must have this tag."""
    return elements(content_of(element, tag))


def content_of(element: Element, tag: int) -> bytes:
    """Return the content of an element that must have this tag."""
    if element[0] != tag:
        raise ValueError(f"DER: tag {element[0]:#x} in place of {tag:#x}")
    return element[1]


def object_identifier(element: Element) -> str:
    """Return an object identifier in dotted form (X.690, section 8.19)."""
    content = content_of(element, OBJECT_IDENTIFIER)
    if not content or content[-1] & 0x80:
        raise ValueError("DER: an object identifier that breaks off")
    arcs = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _content(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the content of the element at offset `at`, and the offset of its end."""
    start, length = at + 2, data[at + 1 : at + 2]
    if not length:
        raise ValueError("DER: an element without a length")
    size = length[0]
    if size & 0x80:  # the long form: the number of length octets (8.1.3.5)
        octets = size & 0x7F
        size = int.from_bytes(data[start : start + octets])
        start += octets
    if start + size > len(data):
        raise ValueError("DER: an element longer than what is there")
    return data[start : start + size], start + size


_RSA = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10")
_EC = "1.2.840.10045.2.1"
_DSA = "1.2.840.10040.4.1"
_PSS = "1.2.840.113549.1.1.10"
# RFC 5480, section 2.1.1.1, and RFC 5639.
_CURVES = {
    "1.2.840.10045.3.1.7": ("P-256", 256),
    "1.3.132.0.34": ("P-384", 384),
    "1.3.132.0.35": ("P-521", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.2.840.10045.3.1.1": ("P-192", 192),
    "1.3.132.0.33": ("P-224", 224),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}
# RFC 8410; RFC 9881 for ML-DSA, whose name gives its strength.
_OTHER_KEYS = {
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", 0),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", 0),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", 0),
}
# OpenSSL's names.
_SIGNATURES = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    _PSS: "rsassaPss",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
    "1.3.101.112": "ED25519",
    "1.3.101.113": "ED448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}


@record
class CertificatePublicKey:
    """A public key's type, its size in bits (0 if none is known), and its curve, if any."""

    type: str
    bits: int = 0
    curve: str = ""

    @property
    def is_small(self) -> bool:
        """Whether it gives less than 112 bits of security (NIST SP 800-57 part 1, table 2)."""
        minimum = 2048 if self.type in ("RSA", "DSA") else 224
        return 0 < self.bits < minimum

    def __str__(self) -> str:
        """The key as an admin knows it: `RSA 2048 bits`, `EC P-256`."""
        if self.curve:
            return f"{self.type} {self.curve}"
        return f"{self.type} {self.bits} bits" if self.type in ("RSA", "DSA") else self.type


def algorithms_of(der: bytes) -> tuple[CertificatePublicKey, str]:
    """Return a certificate's key and the name of its signature algorithm (RFC 5280, 4.1).

    An unknown algorithm is named by its object identifier. ValueError if the bytes are not a
    certificate.
    """
    try:
        parts = inside(elements(der)[0])
        fields = inside(parts[0])
        at = 6 if fields[0][0] == CONTEXT_0 else 5
        return _key(inside(fields[at])), _signature(inside(parts[1]))
    except IndexError:
        raise ValueError("DER: a certificate that breaks off") from None


def public_key_bytes(der: bytes) -> bytes:
    """Return a certificate's SubjectPublicKeyInfo as encoded; ValueError if it has none."""
    try:
        fields = content_of(inside(elements(der)[0])[0], SEQUENCE)
        at = 0
        for _ in range(6 if fields[0] == CONTEXT_0 else 5):
            _, at = _content(fields, at)
        _, end = _content(fields, at)
    except IndexError:
        raise ValueError("DER: a certificate that breaks off") from None
    return fields[at:end]


def _key(information: list[Element]) -> CertificatePublicKey:
    algorithm = inside(information[0])
    oid = object_identifier(algorithm[0])
    if oid in _RSA:
        numbers = inside(elements(content_of(information[1], BIT_STRING)[1:])[0])
        return CertificatePublicKey("RSA", _bits(numbers[0]))
    if oid == _DSA:
        return CertificatePublicKey("DSA", _bits(inside(algorithm[1])[0]))
    if oid == _EC:
        if algorithm[1][0] != OBJECT_IDENTIFIER:  # explicit parameters
            return CertificatePublicKey("EC", curve="with an unnamed curve")
        curve = object_identifier(algorithm[1])
        name, bits = _CURVES.get(curve, (curve, 0))
        return CertificatePublicKey("EC", bits, name)
    name, bits = _OTHER_KEYS.get(oid, (oid, 0))
    return CertificatePublicKey(name, bits)


def _bits(number: Element) -> int:
    return int.from_bytes(content_of(number, INTEGER)).bit_length()


def _signature(algorithm: list[Element]) -> str:
    oid = object_identifier(algorithm[0])
    return _SIGNATURES.get(oid, oid)
