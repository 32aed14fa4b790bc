"""Reading DER (ITU-T X.690), as far as the facts of a certificate need it.

What is read comes from a server, so all that does not add up is a ValueError.
"""

from __future__ import annotations

SEQUENCE, INTEGER, BIT_STRING, OBJECT_IDENTIFIER = 0x30, 0x02, 0x03, 0x06
# A certificate's version stands first, where it is not the oldest (RFC 5280, section 4.1).
CONTEXT_0 = 0xA0

Element = tuple[int, bytes]


def elements(data: bytes) -> list[Element]:
    """Part bytes into the elements that stand in them, each with its tag and its content."""
    found = []
    at = 0
    while at < len(data):
        content, end = _content(data, at)
        found.append((data[at], content))
        at = end
    return found


def inside(element: Element, tag: int = SEQUENCE) -> list[Element]:
    """Return what stands in an element of this tag."""
    return elements(content_of(element, tag))


def content_of(element: Element, tag: int) -> bytes:
    """Return the content of an element that must have this tag."""
    if element[0] != tag:
        raise ValueError(f"DER: tag {element[0]:#x} in place of {tag:#x}")
    return element[1]


def object_identifier(element: Element) -> str:
    """Return an object identifier in its dotted form (X.690, section 8.19)."""
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
    """Return the content of the element that begins at `at`, and where it ends."""
    start, length = at + 2, data[at + 1 : at + 2]
    if not length:
        raise ValueError("DER: an element without a length")
    size = length[0]
    if size & 0x80:  # the long form: so many octets hold the length (section 8.1.3.5)
        octets = size & 0x7F
        size = int.from_bytes(data[start : start + octets])
        start += octets
    if start + size > len(data):
        raise ValueError("DER: an element longer than what is there")
    return data[start : start + size], start + size
