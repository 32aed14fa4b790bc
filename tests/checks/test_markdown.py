"""Nothing that a server says becomes markup, in any place of a document."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from smtp_tui.checks.report import code, fenced, prose
from smtp_tui.safe_text import escape_controls
from tests.table import table

# What may stand in a document that only our own words made.
HARMLESS = {"paragraph_open", "paragraph_close", "inline", "text", "code_inline", "fence"}

HOSTILE = [
    "`", "``", "```", "a `b", "` ` `` ```` x", "a`b`c``d``", "`a``<b>`", "\\`x", "`<i>`<b>",
    "<script>alert(1)</script>", "<!-- x", "&lt;b&gt; &copy;", "<a@b.example>", "<https://x.example>",
    "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "](javascript:x)", "[x]: /y",
    "http://evil.example/", "www.evil.example", "me@evil.example", "see evil.example today",
    "@admin", "hey @org/team!", "#12", "GH-12", "org/repo#3", "deadbeef1", "!7", "$x^2$", ":smile:",
    "# h", "- x", "1. x", "> q", "***", "---", "===", "| a | b |", "*a* _b_ ~~c~~", "a\\", "\\",
    "x\r\n# h", "x\n\n```\n# h", "\x1b[2J\x07", "\u202egnp.exe", "\x00", "    code", "\t- x",
    "[ ] todo", "a  \nb", "^[1]", "{{ x }}", "{% raw %}",
]  # fmt: skip


def tokens(text: str) -> list[Token]:
    """All tokens of a document, those within lines too."""
    outer = MarkdownIt("gfm-like").parse(text)
    return [one for token in outer for one in (token, *(token.children or ()))]


def assert_harmless(document: str) -> None:
    """Fail where more is in it than paragraphs of plain words, and code."""
    for token in tokens(document):
        assert token.type in HARMLESS, (token.type, document)
        if token.type == "text":
            assert not set(token.content) & set("@#<>&[]`*_~$|\\/"), token.content


@table("text", HOSTILE)
def test_prose_and_code_stay_text(text: str) -> None:
    document = f"why: {prose(text)}, said {code(text)}"
    assert "\n" not in document
    assert_harmless(document)


@given(st.text("`<>[]()!@#*_~|\\ .:/-abé1&\n\x1b", max_size=40))
@example("`a`<b>`c")
def test_prose_of_any_text(text: str) -> None:
    assert_harmless(f"why: {prose(text)}")
    shown = "".join(one.content for one in tokens(f"x {prose(text)}") if not one.children)
    assert shown.replace(" ", "").replace("`", "") == (
        "x" + escape_controls(text).replace(" ", "").replace("`", "")
    )


@given(st.text("` ab\n", min_size=1, max_size=20))
def test_code_holds_the_text(text: str) -> None:
    (span,) = [one for one in tokens(f"x {code(text)} y") if one.type == "code_inline"]
    assert span.content == escape_controls(text)


@given(st.lists(st.text("`~ a\n\r\x0b\u2028", max_size=12)))
def test_no_line_ends_a_block(lines: list[str]) -> None:
    block = fenced(lines)
    (fence,) = tokens("\n".join([*block, ""]))
    assert fence.type == "fence"
    assert fence.content == "".join(f"{escape_controls(line)}\n" for line in lines)


def test_plain_words_stay_readable() -> None:
    said = "It doesn't say which of the two is wrong (mostly the password), so check both: 587."
    assert prose(said) == said
    assert prose("Set tls_minimum to 1.2, or ask mail.example.net.") == (
        "Set `tls_minimum` to `1.2`, or ask `mail.example.net`."
    )
    assert prose("Try `getent ahosts x` here.") == "Try `getent ahosts x` here."
    assert code("") == "(empty)"
