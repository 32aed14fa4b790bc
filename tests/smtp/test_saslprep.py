"""SASLprep: the examples of RFC 4013, its edges, and GNU SASL as the judge."""

from __future__ import annotations

from stringprep import in_table_a1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.smtp.saslprep import NotPreparable, saslprep
from tests.servers.requirements import require
from tests.servers.sasl_libraries import gsasl_obstacle, gsasl_saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # RFC 4013, section 3, and the next four
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b\u3000c", "a b c"),
        ("a\u200bb", "a b"),
        ("e\u0301", "\u00e9"),
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),  # RFC 3454, section 6
        (" ", " "),
    ],
)
def test_prepared(text: str, prepared: str) -> None:
    assert saslprep(text, unassigned=False) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\u00ad",
        "a\0b",
        "\u0007",  # RFC 4013, section 3, and the next
        "\u0627\u0031",
        "\u0627a\u0628",
        "a\u0627",
        "\udcff",
        "\ufffc",
        "\ufdd0",
        "\ue000",
        "\u2028",
        "\u202e",
        "\U000e0041",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("unassigned", [False, True])
def test_prohibited(text: str, unassigned: bool) -> None:
    with pytest.raises(NotPreparable) as caught:
        saslprep(text, unassigned=unassigned)
    assert not text or text not in str(caught.value)


def test_letters_newer_than_unicode_3_2() -> None:
    assert saslprep("\U0001f600", unassigned=True) == "\U0001f600"
    with pytest.raises(NotPreparable, match=r"newer than Unicode 3\.2"):
        saslprep("\U0001f600", unassigned=False)


# GNU SASL 2.2 takes its flag for letters newer than Unicode 3.2 the other way round.
ASSIGNED = st.characters(exclude_characters="\0", exclude_categories=["Cs", "Cn"]).filter(
    lambda letter: not in_table_a1(letter)
)
LETTERS = st.one_of(
    ASSIGNED,
    st.characters(max_codepoint=0x7E, min_codepoint=0x20),
    st.sampled_from(
        "\u00a0\u00ad\u200b\u2060\u0301\u0627\u0628\u05d0\u0340\u2168\ufb01\ufeff\u1806"
    ),
)


@given(text=st.text(LETTERS, min_size=1, max_size=12), unassigned=st.booleans())
def test_gnu_sasl_agrees(text: str, unassigned: bool) -> None:
    require(gsasl_obstacle())
    try:
        ours = saslprep(text, unassigned=unassigned)
    except NotPreparable:
        ours = None
    # GNU SASL accepts what comes to nothing. Here an empty name or password is no login.
    assert ours == (gsasl_saslprep(text) or None)
