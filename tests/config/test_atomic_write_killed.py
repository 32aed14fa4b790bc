"""A save that is killed leaves the old file or the new one, whole; the next one clears up."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.document import Document

pytestmark = pytest.mark.integration

TEXT = '[smtp]\nhost = "a.example"\npassword = "wonderland"\n'
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def killing(path: Path, how: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.config.killing", str(path), how, str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("how", "count", "least"), [("lines", 2000, 80), ("moments", 200, 200)])
def test_killed_at_any_moment(path: Path, how: str, count: int, least: int) -> None:
    found = killing(path, how, count)
    assert least <= found["kills"] <= count
    assert (how == "lines") == (found["kills"] < count)
    assert (found["damaged"], found["other mode"], found["too readable"]) == (0, 0, 0)
    # Without one that was left behind the kills have hit nothing that counts.
    assert found["left behind"] > 0
    assert found["most left"] == 1
    assert (found["names"], found["in the end"]) == (["app.toml", "app.toml~"], True)


def left(path: Path, name: str) -> Path:
    one = path.with_name(name)
    one.write_text("left")
    return one


def test_what_a_killed_run_left_is_removed_and_nothing_else(path: Path) -> None:
    swept = [
        left(path, name) for name in (".app.toml.smtp-tui-0ab_cdef", ".app.toml~.smtp-tui-01234567")
    ]
    kept = [
        left(path, name)
        for name in (
            *(".app.toml.smtp-tui-0123", ".app.toml.smtp-tui-old-01234567", ".app.toml.swp"),
            *("app.toml.smtp-tui-01234567", ".other.toml.smtp-tui-01234567"),
            ".app.toml.smtp-tui-ABCDEFGH",
        )
    ]
    link = path.with_name(".app.toml.smtp-tui-12345678")
    link.symlink_to("app.toml")
    Document.open(path).save("smtp", {"host": "b.example"})
    assert not any(one.exists() for one in swept)
    assert all(one.exists() for one in kept)
    assert link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_another_user_left_is_not_ours(path: Path) -> None:
    other = left(path, ".app.toml.smtp-tui-01234567")
    os.chown(other, 4321, 4321)
    Document.open(path).save("smtp", {"host": "b.example"})
    assert other.exists()
    os.chown(path, 4321, 4321)
    Document.open(path).save("smtp", {"host": "c.example"})
    assert not other.exists()


def test_making_a_file_clears_up_too(path: Path) -> None:
    new = path.with_name("new.toml")
    other = left(path, ".new.toml.smtp-tui-01234567")
    Document.new(new).save("smtp", {"host": "a.example"})
    assert not other.exists()


def test_the_longest_names_can_be_saved(path: Path) -> None:
    for name in ("x" * 250 + ".toml", "ü" * 120 + ".toml", "\U0001f4e7" * 62 + ".toml"):
        long = path.with_name(name)
        Document.new(long).save("smtp", {"host": "a.example"})
        Document.open(long).save("smtp", {"host": "b.example"})
        assert long.read_text() == '[smtp]\nhost = "b.example"\n'
    assert len(list(path.parent.iterdir())) == 4


LOCKING = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_another_run_is_waited_for_and_then_the_file_left_alone(path: Path) -> None:
    command = [sys.executable, "-c", LOCKING, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        document = Document.open(path)
        with pytest.raises(Exception, match="is locked by another program"):
            document.save("smtp", {"host": "b.example"})
        assert path.read_text() == TEXT
        other.communicate()
    document.save("smtp", {"host": "b.example"}, options=WriteOptions())
    assert "b.example" in path.read_text()


SAVING = """
import sys
from pathlib import Path
from smtp_tui.config.document import Document
from smtp_tui.config.errors import ChangedOnDiskError
path, name = Path(sys.argv[1]), sys.argv[2]
done = 0
while done < 40:
    document = Document.open(path)
    try:
        document.save("smtp", {"port": int(document.values("smtp").get("port", 1)) + 1})
        done += 1
    except ChangedOnDiskError:
        pass
"""


def test_two_that_save_at_once_lose_nothing(path: Path) -> None:
    command = [sys.executable, "-c", SAVING, str(path)]
    runs = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert Document.open(path).values("smtp")["port"] == 81
