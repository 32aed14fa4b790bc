"""What the tests of files and passwords share."""

import contextlib
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import keyring.core
import pytest
from keyring.backend import KeyringBackend

from smtp_tui.config.document import Document

NOBODY = 65534


@pytest.fixture
def toml_file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a text, byte for byte, to a TOML file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "app.toml"
        path.write_bytes(text.encode())
        return path

    return write


@pytest.fixture
def document(toml_file: Callable[[str], Path]) -> Callable[[str], Document]:
    """Opens a text as a document."""
    return lambda text: Document.open(toml_file(text))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users can enter, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Take root's powers away for a while: root may open every file."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def as_ordinary_user() -> Callable[[], AbstractContextManager[None]]:
    """Makes the body of a `with` run as a user whom file modes bind."""
    return ordinary_user


@pytest.fixture
def use_keyring(monkeypatch: pytest.MonkeyPatch) -> Callable[[KeyringBackend], None]:
    """Puts a keyring in the place of the user's, until the test ends."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    return keyring.set_keyring


def frames_holding(secret: str, error: BaseException) -> list[str]:
    """The product's functions in an error's traceback whose variables hold the secret."""
    found = []
    for frame, _ in traceback.walk_tb(error.__traceback__):
        ours = "smtp_tui" in frame.f_code.co_filename
        if ours and secret in repr(frame.f_locals):
            found.append(frame.f_code.co_name)
    return found


@pytest.fixture
def holders() -> Callable[[str, BaseException], list[str]]:
    """Finds the frames of an error that a traceback with variables would give a secret away by."""
    return frames_holding
