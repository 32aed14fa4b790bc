"""SASLprep (RFC 4013): one spelling of a username or password, which both sides compute with."""

from __future__ import annotations

import stringprep
from unicodedata import ucd_3_2_0

PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class NotPreparable(ValueError):
    """SASLprep has no spelling of the text. Its message quotes nothing: it may be a password."""


def saslprep(text: str, *, unassigned: bool) -> str:
    """Return the text as SASLprep spells it; the result is not empty.

    `unassigned` allows letters newer than Unicode 3.2. RFC 5802 wants that for usernames, not for
    passwords.
    """
    # U+200B is both a space and one of the letters that mean nothing. libidn and PostgreSQL take
    # it for a space, the table that RFC 4013 names first.
    mapped = (" " if stringprep.in_table_c12(letter) else letter for letter in text)
    kept = "".join(letter for letter in mapped if not stringprep.in_table_b1(letter))
    prepared = ucd_3_2_0.normalize("NFKC", kept)
    if not prepared:
        raise NotPreparable("nothing is left of it")
    if any(is_prohibited(letter) for is_prohibited in PROHIBITED for letter in prepared):
        raise NotPreparable("it contains a character that SASLprep prohibits")
    if not unassigned and any(map(stringprep.in_table_a1, prepared)):
        raise NotPreparable("it contains a character that is newer than Unicode 3.2")
    _require_one_direction(prepared)
    return prepared


def _require_one_direction(prepared: str) -> None:
    """Raise NotPreparable if writing directions are mixed (RFC 3454, section 6)."""
    from_the_right = [stringprep.in_table_d1(letter) for letter in prepared]
    if not any(from_the_right):
        return
    if any(map(stringprep.in_table_d2, prepared)) or not (from_the_right[0] and from_the_right[-1]):
        raise NotPreparable("it mixes writing directions")
