"""A pipe as the settings file: read to its end, and nobody is waited for in vain."""

import os
import threading
from pathlib import Path

import pytest

from smtp_tui.config import file_reader
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError

TEXT = "[smtp]\nhost = 'a'\nport = 25\n"


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "app.toml"
    os.mkfifo(path)
    return path


def write_into(path: Path, *pieces: str) -> threading.Thread:
    """Write from another thread, which waits for a reader to come."""

    def write() -> None:
        with path.open("w") as file:
            for piece in pieces:
                file.write(piece)
                file.flush()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_what_a_program_writes_is_read_to_its_end(fifo: Path) -> None:
    thread = write_into(fifo, TEXT[:9], TEXT[9:])
    assert Document.open(fifo).values("smtp") == {"host": "a", "port": 25}
    thread.join()


def test_a_writer_that_has_gone_left_what_it_wrote() -> None:
    out, into = os.pipe()
    os.write(into, TEXT.encode())
    os.close(into)
    assert file_reader.read_document(Path(f"/dev/fd/{out}")) == TEXT.encode()
    os.close(out)


def test_a_writer_without_words_is_an_empty_file(fifo: Path) -> None:
    thread = write_into(fifo)
    assert file_reader.read_document(fifo) == b""
    thread.join()


def test_nobody_is_waited_for_in_vain(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "PATIENCE_FOR_ANYBODY", 0.01)
    with pytest.raises(
        DocumentError, match=r"is a pipe, and no program wrote into it within 0.01 s; name"
    ):
        Document.open(fifo)


def test_nor_one_who_has_it_open_and_is_silent(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "PATIENCE", 0.01)
    descriptor = os.open(fifo, os.O_RDWR)
    with pytest.raises(DocumentError, match="no program wrote"):
        Document.open(fifo)
    os.close(descriptor)


def test_a_pipe_without_an_end_is_too_large(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "LARGEST", 5)
    descriptor = os.open(fifo, os.O_RDWR)
    os.write(descriptor, b"123456")
    with pytest.raises(DocumentError, match="is larger than"):
        Document.open(fifo)
    os.close(descriptor)
