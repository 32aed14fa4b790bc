"""Texts that programs stumble over, for passwords and whatever else is quoted."""

from __future__ import annotations

from hypothesis import strategies as st

from smtp_tui.safe_text import escape_controls

SIGNS = "ab nrtX09 {}()[]<>$#'\"\\`=!;:%~&|*?@,.-+/_é€𝄞"
HANDMADE = (
    "wonderland", "it's", 'say "no"', "$HOME", "${HOME}", "$(id)", "`id`", "a#b", "a #b", "#a",
    "a;b", "a\\nb", "a\\", "\\", "'", '"', "'q'", '"q"', "``", '"""', " lead", "trail ", "a  b",
    "100%", "%(x)s", "%41", "p@ss:w/ord?", "grün€𝄞", "null", "(true)", "=", "a=b", "'$(id)", "'\\n",
    "$__env{X}", "#{1+1}", "!x", "~", "-x", "<>", "\\'", '\\"', "a='b\"c",
)  # fmt: skip

passwords = st.one_of(
    st.sampled_from(HANDMADE),
    st.text(SIGNS, min_size=1, max_size=12),
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=12),
).filter(lambda text: escape_controls(text) == text)
