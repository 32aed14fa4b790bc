"""RFC 5321, section 4.2: these bytes, these replies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smtp_tui.smtp.replies import (
    LINE_LIMIT,
    LINES_LIMIT,
    REPLY_LIMIT,
    TOTAL_LIMIT,
    MalformedReply,
    Reply,
    ReplyParser,
    ReplyStreamError,
    ReplyTooLong,
)
from tests.table import table

Seen = list[Reply | str]


def replies(*pieces: bytes) -> Seen:
    """Feed pieces one after another; an error ends the list with its reason."""
    parser = ReplyParser()
    found: Seen = []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (reply := parser.next_reply()) is not None:
                found.append(reply)
    except ReplyStreamError as error:
        found.append(error.reason)
    return found


@table(
    ("data", "wanted"),
    [
        (b"", []),
        (b"220 mail ESMTP", []),
        (b"220 mail ESMTP\r\n", [Reply(220, (b"mail ESMTP",))]),
        (b"250-a\r\n250-b\r\n250 c\r\n", [Reply(250, (b"a", b"b", b"c"))]),
        (b"250-\r\n250 \r\n", [Reply(250, (b"", b""))]),
        (b"250\r\n", [Reply(250, (b"",))]),
        (b"250-a\r\n250\r\n", [Reply(250, (b"a", b""))]),
        (b"334 \r\n", [Reply(334, (b"",))]),
        (b"354 go\r\n250 ok\r\n", [Reply(354, (b"go",)), Reply(250, (b"ok",))]),
        (b"250 ok\n", [Reply(250, (b"ok",), bare_lf=True)]),
        (b"250-a\n250 b\r\n", [Reply(250, (b"a", b"b"), bare_lf=True)]),
        (b"250 a\n250 b\r\n", [Reply(250, (b"a",), bare_lf=True), Reply(250, (b"b",))]),
        (b"250 \x1b[2J\0\xff\r\n", [Reply(250, (b"\x1b[2J\0\xff",))]),
        (b"250 a\rb\r\n", [Reply(250, (b"a\rb",))]),
        (b"250 a\r\r\n", [Reply(250, (b"a\r",))]),
    ],
)
def test_replies(data: bytes, wanted: list[Reply]) -> None:
    assert replies(data) == wanted


@table(
    ("data", "reason", "begins"),
    [
        (b"\r\n", "a line without a reply code", True),
        (b"hello\r\n", "a line without a reply code", True),
        (b"25 ok\r\n", "a line without a reply code", True),
        (b"2500 ok\r\n", "a line without a reply code", True),
        (b"250ok\r\n", "a line without a reply code", True),
        (b"250_ok\r\n", "a line without a reply code", True),
        (b" 250 ok\r\n", "a line without a reply code", True),
        (b"150 ok\r\n", "a line without a reply code", True),
        (b"650 ok\r\n", "a line without a reply code", True),
        (b"\xd9\xa2\xd9\xa5\xd9\xa0 ok\r\n", "a line without a reply code", True),
        (b"250-a\r\n251 b\r\n", "251 inside a reply that began with 250", False),
        (b"250-a\r\n\r\n", "a line without a reply code", False),
    ],
)
def test_malformed_lines(data: bytes, reason: str, begins: bool) -> None:
    parser = ReplyParser()
    parser.feed(data)
    with pytest.raises(MalformedReply) as caught:
        parser.next_reply()
    assert (caught.value.reason, caught.value.begins) == (reason, begins)
    assert caught.value.seen == data.rpartition(b"\r\n")[0].rpartition(b"\n")[2]


def test_after_an_error_a_reply_begins_anew() -> None:
    parser = ReplyParser()
    parser.feed(b"250-a\r\noops\r\n221 bye\r\n")
    with pytest.raises(MalformedReply):
        parser.next_reply()
    assert parser.next_reply() == Reply(221, (b"bye",))


@table(
    "data",
    [
        b"220 " + b"x" * LINE_LIMIT,
        b"220 " + b"x" * LINE_LIMIT + b"\r\n",
        b"250-" + b"x" * 1000 + b"\r\n",
        b"250-x\r\n",
        b"250-\r\n",
    ],
)
def test_no_reply_is_longer_than_the_limits(data: bytes) -> None:
    parser = ReplyParser()

    def feed_for_ever() -> None:
        for _ in range(TOTAL_LIMIT):
            parser.feed(data)
            parser.next_reply()

    with pytest.raises(ReplyTooLong):
        feed_for_ever()
    assert len(parser.pending) <= REPLY_LIMIT + len(data)


def test_the_limits_themselves_are_allowed() -> None:
    line = b"334 " + b"x" * 12288
    assert replies(line + b"\r\n") == [Reply(334, (b"x" * 12288,))]
    lines = b"250-x\r\n" * (LINES_LIMIT - 1) + b"250 x\r\n"
    assert replies(lines) == [Reply(250, (b"x",) * LINES_LIMIT)]


def test_a_dialogue_as_a_whole_is_limited() -> None:
    parser = ReplyParser(total_limit=30)
    parser.feed(b"250 one\r\n250 two\r\n")
    assert parser.next_reply() == Reply(250, (b"one",))
    with pytest.raises(ReplyTooLong):
        parser.feed(b"250 and three\r\n")


def test_pending_is_what_belongs_to_no_whole_reply() -> None:
    parser = ReplyParser()
    parser.feed(b"250 ok\r\n250-a\r\n250-b\r\n25")
    assert parser.next_reply() == Reply(250, (b"ok",))
    assert parser.next_reply() is None
    assert parser.pending == b"250-a\n250-b\n25"


@table(
    ("code", "lines", "enhanced"),
    [
        (535, [b"5.7.8 no"], "5.7.8"),
        (535, [b"5.7.8"], "5.7.8"),
        (535, [b"5.7.8", b"no"], "5.7.8"),
        (535, [b"5.7.139 disabled"], "5.7.139"),
        (250, [b"5.7.8 another class"], None),
        (535, [b"see 5.7.8"], None),
        (535, [b"5.7.8: no"], None),
        (535, [b"5.7.1234 no"], None),
        (334, [b"3.0.0 no such class"], None),
        (535, [b""], None),
    ],
)
def test_enhanced_codes(code: int, lines: list[bytes], enhanced: str | None) -> None:
    assert Reply(code, tuple(lines)).enhanced == enhanced


def test_text() -> None:
    assert Reply(250, ("grün".encode(), b"gr\xfcn")).text == "grün\ngr\\xfcn"


LIKELY = st.sampled_from([b"250-a\r\n", b"250 b\r\n", b"250 c\n", b"421\r\n", b"2", b"\r", b"\n"])


@given(st.lists(LIKELY | st.binary(max_size=8), max_size=12), st.data())
@example([b"250-a\r", b"\n250 b\r\n"], None)
def test_a_split_changes_nothing(pieces: list[bytes], data: st.DataObject | None) -> None:
    whole = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(whole)))) if data else [1, 7]
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    split = [whole[start:end] for start, end in pairwise(edges)]
    assert replies(*split) == replies(*pieces) == replies(whole)


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_any_bytes_give_replies_or_a_stream_error(pieces: list[bytes]) -> None:
    for reply in replies(*pieces):
        if isinstance(reply, Reply):
            assert 200 <= reply.code <= 599
            assert reply.category in (2, 3, 4, 5)
            assert "\n" not in reply.text or len(reply.lines) > 1
            assert reply.enhanced is None or reply.enhanced[0] == str(reply.code)[0]
