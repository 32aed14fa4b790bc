"""Opening a TOML file, and the one line that says why it cannot be."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from smtp_tui.config import file_access, file_reader
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoFileError, NoTableError, SeveralTablesError

Write = Callable[[str], Path]
Open = Callable[[str], Document]


def test_a_table_is_read_whole_unknown_keys_included(document: Open) -> None:
    opened = document("[smtp]\nhost = 'a'\nretries = 3\npassword = { env = 'X' }\n")
    assert opened.exists
    assert opened.default_table() == "smtp"
    assert opened.values("smtp") == {"host": "a", "retries": 3, "password": {"env": "X"}}


def test_values_are_a_copy(document: Open) -> None:
    opened = document("[smtp]\nhost = 'a'\npassword = { env = 'X' }\n")
    opened.values("smtp")["password"].clear()
    assert opened.values("smtp")["password"] == {"env": "X"}


def test_a_byte_order_mark_is_read_over_and_kept(document: Open) -> None:
    opened = document("\ufeff[smtp]\nhost = 'a'\n")
    assert opened.values("smtp") == {"host": "a"}
    assert opened.text.startswith("\ufeff")


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoFileError, match=r"app\.toml does not exist; check the name"):
        Document.open(tmp_path / "app.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="is a folder"):
        Document.open(tmp_path)


def test_an_unreadable_file_says_whose_business_it_is(
    public_folder: Path, as_ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    path = public_folder / "app.toml"
    path.touch(mode=0o200)
    with as_ordinary_user(), pytest.raises(DocumentError, match="is not readable by this user"):
        Document.open(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[smtp]\nhost = \n", r"is not valid TOML: .*line 2, column 8"),
        (b"[smtp]\nhost = 'a\xe9'\n", r"line 2 is not UTF-8"),
        (b"a = " + b"9" * 5000, "more than 1,024 characters"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "levels deep"),
        (b"a = " + b"[" * 90 + b"]" * 90, "levels deep"),
        (b".".join([b"a"] * 90) + b" = 1", "a key of more than 64 parts"),
    ],
)
def test_what_is_not_toml_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "app\n.toml"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=message) as caught:
        Document.open(path)
    assert "\n" not in str(caught.value)


def test_an_endless_file_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "LARGEST", 1 << 20)
    with pytest.raises(DocumentError, match="larger than 1 MiB"):
        Document.open(Path("/dev/zero"))


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"[smtp]\nhost = 'a'\n")
    os.close(theirs)
    opened = Document.open(Path(f"/dev/fd/{ours}"))
    os.close(ours)
    assert opened.values("smtp") == {"host": "a"}


def test_a_name_no_system_takes(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="NUL"):
        Document.open(tmp_path / "a\0b")
    with pytest.raises(DocumentError, match="cannot be read"):
        Document.open(tmp_path / ("a" * 300))


def test_no_table_says_what_to_do(document: Open) -> None:
    with pytest.raises(NoTableError, match=r"has no table smtp.*add \[smtp\]"):
        document("[db]\nhost = 'a'\n").default_table()


def test_smtp_is_meant_where_others_are_called_so_too(document: Open) -> None:
    opened = document("[old.smtp]\nhost='a'\nport=1\n[smtp]\nhost='a'\n")
    assert opened.tables() == ("smtp", "old.smtp")
    assert opened.default_table() == "smtp"


def test_several_tables_are_listed(document: Open) -> None:
    opened = document("[a]\nhost='a'\nport=1\n[b]\nhost='a'\nport=1\n")
    with pytest.raises(SeveralTablesError, match="name one of a, b") as caught:
        opened.default_table()
    assert caught.value.names == ("a", "b")


def test_a_table_that_is_not_there_is_named_with_the_file(document: Open) -> None:
    with pytest.raises(NoTableError, match=r"app\.toml: there is no table mail"):
        document("").values("mail")


def test_who_else_can_read_a_file(public_folder: Path) -> None:
    path = public_folder / "app.toml"
    path.touch()
    path.chmod(0o644)
    assert file_access.readable_by_others(path)
    path.parent.chmod(0o750)
    assert not file_access.readable_by_others(path)
    path.parent.chmod(0o755)
    path.chmod(0o640)
    assert not file_access.readable_by_others(path)
    assert not file_access.readable_by_others(path.with_name("absent"))
