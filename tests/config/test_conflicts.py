"""The file was changed by another program: what changed, take theirs, or ours onto theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.config.diff import (
    MergeConflict,
    changes_on_disk,
    is_stale,
    merge_changes,
    merged_with_disk,
)
from smtp_tui.config.document import Document
from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoTableError

BASE = {"host": "a.example", "port": 25, "username": "alice", "password": "wonderland"}
TEXT = """\
# ours
[smtp]
host = "a.example"
port = 25
username = "alice"
password = "wonderland"
"""

Toml = Callable[[str], Path]


def test_what_nobody_else_touched_takes_our_change() -> None:
    merge = merge_changes(BASE, {**BASE, "port": 587}, {"host": "b.example", "username": None})
    assert merge.changes == {"host": "b.example", "username": None}
    assert merge.conflicts == ()


@pytest.mark.parametrize("theirs", [587, "587"])
def test_what_was_changed_to_the_same_is_done(theirs: object) -> None:
    merge = merge_changes(BASE, {**BASE, "port": theirs}, {"port": 587})
    assert (merge.changes, merge.conflicts) == ({}, ())


def test_another_spelling_there_is_no_change() -> None:
    base = {**BASE, "encryption": "tls"}
    merge = merge_changes(base, {**base, "encryption": "STARTTLS"}, {"encryption": "ssl"})
    assert merge.changes == {"encryption": "ssl"}


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        (465, 587, "port was 25, is 465 in the file now, and 587 here"),
        (None, 587, "port was 25, is not set in the file now, and 587 here"),
        (465, None, "port was 25, is 465 in the file now, and not set here"),
    ],
)
def test_a_key_changed_on_both_sides_is_told(theirs: object, ours: object, told: str) -> None:
    there = {key: value for key, value in {**BASE, "port": theirs}.items() if value is not None}
    merge = merge_changes(BASE, there, {"port": ours, "host": "b.example"})
    assert merge.changes == {"host": "b.example"}
    (conflict,) = merge.conflicts
    assert conflict == MergeConflict("port", 25, ours, theirs)
    assert str(conflict) == told
    assert merge.resolved({"port"}) == {"host": "b.example", "port": ours}
    assert merge.resolved(set()) == {"host": "b.example"}


def test_no_conflict_shows_a_secret() -> None:
    merge = merge_changes(BASE, {**BASE, "password": "theirs!"}, {"password": "ours!"})
    told = str(merge.conflicts[0]) + repr(merge) + repr(merge.conflicts)
    assert not any(secret in told for secret in ("wonderland", "theirs!", "ours!"))
    assert str(merge.conflicts[0]) == (
        'password was "********", and was changed both in the file and here'
    )
    moved = merge_changes(BASE, {**BASE, "password": {"env": "X"}}, {"password": "ours!"})
    assert str(moved.conflicts[0]) == (
        'password was "********", is the environment variable X in the file now, '
        'and "********" here'
    )
    places = {
        "the keyring's entry mail": {"keyring": "mail"},
        "the file pw": {"file": "pw"},
        "what the command pass prints": {"command": ["pass", "--token=ours!"]},
        "asked for at each test": {"ask": True},
    }
    for words, place in places.items():
        moved = merge_changes(BASE, {**BASE, "password": place}, {"password": "ours!"})
        assert f"is {words} in the file now" in str(moved.conflicts[0])


def test_a_document_goes_on_with_theirs_and_ours(toml_file: Toml) -> None:
    path = toml_file(TEXT)
    document = Document.open(path)
    assert not is_stale(document)
    assert changes_on_disk(document) == ()
    path.write_text(TEXT.replace("# ours", "# theirs").replace("25", "587"))
    assert is_stale(document)
    with pytest.raises(ChangedOnDiskError):
        document.save("smtp", {"host": "b.example"})
    shown = [str(line) for line in changes_on_disk(document)]
    assert ("-port = 25" in shown, "+port = 587" in shown) == (True, True)
    assert "wonderland" not in "".join(shown)
    merge = merged_with_disk(document, "smtp", {"host": "b.example", "port": 465})
    assert document.values("smtp") == BASE
    assert [one.key for one in merge.conflicts] == ["port"]
    document.reload()
    assert document.values("smtp")["port"] == 587
    document.save("smtp", merge.resolved({"port"}))
    assert path.read_text() == (
        TEXT.replace("# ours", "# theirs").replace("25", "465").replace("a.ex", "b.ex")
    )
    assert not is_stale(document)


def test_a_file_that_cannot_be_read_leaves_the_document_as_it_was(toml_file: Toml) -> None:
    path = toml_file(TEXT)
    document = Document.open(path)
    for content, words in ((b"[smtp\n", "not valid TOML"), (b"\xff", "not UTF-8")):
        path.write_bytes(content)
        for call in (document.reload, lambda: changes_on_disk(document)):
            with pytest.raises(DocumentError, match=words):
                call()
    path.unlink()
    assert is_stale(document)
    with pytest.raises(DocumentError, match="does not exist"):
        document.reload()
    assert document.text == TEXT


def test_a_table_that_is_gone_takes_no_change(toml_file: Toml) -> None:
    path = toml_file(TEXT)
    document = Document.open(path)
    path.write_text("[other]\nx = 1\n")
    with pytest.raises(NoTableError):
        merged_with_disk(document, "smtp", {"port": 1})


def test_a_file_that_another_program_made(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    document = Document.new(path)
    assert not is_stale(document)
    path.write_text(TEXT)
    assert is_stale(document)
    merge = merged_with_disk(document, "smtp", {"host": "a.example", "port": 587})
    assert merge.changes == {}
    assert [one.key for one in merge.conflicts] == ["port"]
    document.reload()
    assert document.exists
    document.save("smtp", merge.resolved({"port"}))
    assert path.read_text() == TEXT.replace("25", "587")
