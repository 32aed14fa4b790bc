"""The one file for a box without Internet: it runs on a bare Python, from a folder of its own."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pyz import start
from pyz.__main__ import LEFT_OUT, START, NotPortableError, build, own_files, packed
from smtp_tui import __version__
from tests.terminal import on_terminal

pytestmark = pytest.mark.integration

PYTHON = getattr(sys, "_base_executable", sys.executable)
"""The Python below the virtual environment: it has none of the packages."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("zipapp") / "smtp-tui.pyz"
    build(target)
    return target


@pytest.fixture
def run(archive: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the file on a bare Python, with a cache of its own."""

    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PYTHON, "-I", str(archive), *words],
            cwd=tmp_path,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


Run = Callable[..., subprocess.CompletedProcess[str]]


def unpacked_in(cache: Path) -> Path:
    (folder,) = (cache / "smtp-tui").iterdir()
    return folder


def test_version_from_a_folder_that_nobody_else_can_read(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        told = run("--version")
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.startswith(f"smtp-tui {__version__} (Python ")
    place = tmp_path / "cache" / "smtp-tui"
    assert place.stat().st_mode & 0o777 == 0o700
    assert re.fullmatch("[0-9a-f]{32}", unpacked_in(tmp_path / "cache").name)


def test_check_and_explain(run: Run) -> None:
    told = run("check", "--set", "host=127.0.0.1", "--set", "port=1")
    assert told.returncode == 6, told.stderr
    assert "FAILED at connection: " in told.stdout
    assert "To do:" in told.stdout
    assert run("explain", "host").stdout.startswith("# SMTP Host\n")


def test_changing_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text('[smtp]\nhost = "a"  # kept\n')
    assert run("set", str(file), "host=b.example", "port=25").returncode == 0
    assert file.read_text() == '[smtp]\nhost = "b.example"  # kept\nport = 25\n'


def test_yaml_is_read_without_what_is_compiled(run: Run, archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text("global:\n  smtp_smarthost: 'mail.example.org:587'\n")
    told = run("import", str(file))
    assert told.returncode == 0, told.stderr
    assert 'host = "mail.example.org"' in told.stdout
    with zipfile.ZipFile(archive) as outer, outer.open("packages.zip") as packages:
        names = zipfile.ZipFile(packages).namelist()
    assert "yaml/__init__.py" in names
    assert not [name for name in names if name.endswith(".so")]


def test_there_is_no_keyring_and_it_says_so(run: Run) -> None:
    words = ("--set", "host=127.0.0.1", "--set", "port=1", "--set", "username=a")
    told = run("check", *words, "--set", 'password={keyring="mail"}', "--quiet")
    assert told.returncode == 4, told.stderr
    assert told.stdout.startswith("FAILED at password: ")
    assert "keyring" in told.stdout


def test_the_form(archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text('[smtp]\nhost = "relay.example.test"\nport = 25\n')
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    with on_terminal([PYTHON, "-I", str(archive), str(file)], environment) as terminal:
        terminal.wait_for("SMTP Host", "relay.example.test", seconds=60)
        terminal.press("F10")
        assert terminal.wait_for_end() == 0


def test_what_a_clean_up_took_is_put_back(run: Run, tmp_path: Path) -> None:
    run("--version")
    folder = unpacked_in(tmp_path / "cache")
    (folder / "smtp_tui" / "cli" / "commands.py").unlink()
    assert run("--version").returncode == 0
    assert (folder / "smtp_tui" / "cli" / "commands.py").exists()
    assert unpacked_in(tmp_path / "cache") == folder


def test_many_at_once_unpack_it_once(archive: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [PYTHON, "-I", str(archive), "--version"]
    calls = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for call in calls:
        out, err = call.communicate(timeout=60)
        assert (call.returncode, err) == (0, b"")
        assert out.startswith(b"smtp-tui ")
    assert start.is_whole(unpacked_in(tmp_path / "cache"))


def test_nothing_in_it_is_for_one_machine_only() -> None:
    names = {one.name.lower() for one in packed()}
    assert {
        "smtp-tui",
        "textual",
        "rich",
        "tomlkit",
        "keyring",
        "idna",
        "oauthlib",
    } <= names
    assert not names & LEFT_OUT


def test_what_tools_leave_in_the_tree_stays_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = ("tui/.mypy_cache/3.11/cache.db", "tui/__pycache__/app.pyc", "tui/.app.py.swp")
    for name in ("__init__.py", "tui/app.tcss", *left):
        path = tmp_path / "smtp_tui" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr("pyz.__main__.ROOT", tmp_path)
    assert {name for name, _ in own_files()} == {"smtp_tui/__init__.py", "smtp_tui/tui/app.tcss"}


def test_a_compiled_package_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.setattr("pyz.__main__.LEFT_OUT", frozenset())
    with pytest.raises(NotPortableError, match="is compiled"):
        build(tmp_path / "smtp-tui.pyz")
    assert list(tmp_path.iterdir()) == []


def test_the_same_content_is_the_same_file(archive: Path, tmp_path: Path) -> None:
    again = tmp_path / "smtp-tui.pyz"
    build(again)
    assert again.read_bytes() == archive.read_bytes()
    assert os.access(again, os.X_OK)


def test_an_old_python_is_told_in_one_line() -> None:
    source = START.read_text(encoding="utf-8").replace("LEAST = (3, 11)", "LEAST = (9, 9)")
    with pytest.raises(SystemExit, match=r"this copy needs Python 9\.9 or newer, and this is 3\."):
        exec(compile(source, "start.py", "exec"), {"__name__": "start"})


def test_an_old_python_reads_so_far() -> None:
    """Red Hat Enterprise Linux 8 has Python 3.6, which knows no future annotations."""
    tree = ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 6))
    check = next(at for at, node in enumerate(tree.body) if isinstance(node, ast.If))
    before = {type(node) for node in tree.body[:check]}
    assert before == {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign}
    assert not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)


class TestThePrivateFolder:
    def test_made_for_the_user_alone(self, tmp_path: Path) -> None:
        place = start.prepared(tmp_path / "a" / "b")
        for one in (place, place.parent):
            assert one.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("mode", [0o770, 0o701, 0o777, 0o755])
    def test_one_that_others_can_look_into_is_refused(self, tmp_path: Path, mode: int) -> None:
        place = tmp_path / "cache"
        place.mkdir()
        place.chmod(mode)
        with pytest.raises(OSError, match="others can look into it"):
            start.prepared(place)

    @pytest.mark.parametrize("mode", [0o777, 0o775])
    def test_one_that_others_could_put_another_in_place_of(self, tmp_path: Path, mode: int) -> None:
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared").chmod(mode)
        with pytest.raises(OSError, match=f"others can change {tmp_path}/shared"):
            start.prepared(tmp_path / "shared" / "smtp-tui")
        assert list((tmp_path / "shared").iterdir()) == []

    def test_sticky_as_tmp_is(self, tmp_path: Path) -> None:
        (tmp_path / "tmp").mkdir()
        (tmp_path / "tmp").chmod(0o1777)
        assert start.prepared(tmp_path / "tmp" / "smtp-tui").is_dir()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
    def test_a_folder_of_somebody_else(self, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        os.chown(tmp_path / "home", 12345, 12345)
        with pytest.raises(OSError, match="others can change"):
            start.prepared(tmp_path / "home" / ".cache" / "smtp-tui")
        (tmp_path / "mine").mkdir(0o700)
        os.chown(tmp_path / "mine", 12345, 12345)
        with pytest.raises(OSError, match="others can look"):
            start.prepared(tmp_path / "mine")

    def test_a_link_on_the_way_counts_as_where_it_leads(self, tmp_path: Path) -> None:
        (tmp_path / "open").mkdir()
        (tmp_path / "link").symlink_to("open")
        assert start.prepared(tmp_path / "link" / "a") == tmp_path / "open" / "a"
        (tmp_path / "far").symlink_to(tmp_path / "link" / ".." / "open")
        assert start.prepared(tmp_path / "far" / "b") == tmp_path / "open" / "b"
        (tmp_path / "open").chmod(0o777)
        with pytest.raises(OSError, match="others can change"):
            start.prepared(tmp_path / "link" / "a")

    def test_a_ring_of_links_ends(self, tmp_path: Path) -> None:
        (tmp_path / "ring").symlink_to("ring")
        with pytest.raises(OSError, match="others can change"):
            start.prepared(tmp_path / "ring" / "a")

    def test_a_link_as_the_last_part_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir(0o700)
        (tmp_path / "link").symlink_to("real")
        with pytest.raises(OSError, match="is a symbolic link"):
            start.prepared(tmp_path / "link")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can make links of others")
    def test_a_link_that_somebody_else_put_there_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir(0o700)
        (tmp_path / "link").symlink_to("real")
        os.lchown(tmp_path / "link", 12345, 12345)
        with pytest.raises(OSError, match="others can change"):
            start.prepared(tmp_path / "link" / "a")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
    @pytest.mark.parametrize("is_link", [False, True])
    def test_a_folder_that_somebody_else_makes_at_the_last_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_link: bool
    ) -> None:
        """What was not there when it was looked for is there, another's, when it is made."""
        (tmp_path / "tmp").mkdir()
        (tmp_path / "tmp").chmod(0o1777)
        theirs = tmp_path / "tmp" / "theirs"
        place = theirs / "leaf"
        if is_link:
            place = tmp_path / "tmp" / "smtp-tui-0"
            place.symlink_to(theirs / "leaf")
            os.lchown(place, 12345, 12345)
        make = os.mkdir

        def later(path: Path, mode: int = 0o777) -> None:
            if not theirs.exists():
                make(theirs, 0o700)
                os.chown(theirs, 12345, 12345)
            make(path, mode)

        monkeypatch.setattr(os, "mkdir", later)
        with pytest.raises(OSError, match=r"others can change|is a symbolic link"):
            start.prepared(place)
        assert not (theirs / "leaf").exists()

    def test_the_next_place_is_taken(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache").chmod(0o777)
        (tmp_path / "temporary").mkdir()
        told = run("--version", TMPDIR=str(tmp_path / "temporary"))
        assert told.returncode == 0, told.stderr
        assert list((tmp_path / "cache").iterdir()) == []
        assert (tmp_path / "temporary" / f"smtp-tui-{os.geteuid()}").is_dir()

    def test_no_place_at_all_is_told(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache").chmod(0o777)
        told = run("--version", TMPDIR=str(tmp_path / "cache"))
        assert told.returncode == 1
        assert told.stderr.startswith("smtp-tui: no private folder to unpack into (")
        assert told.stderr.count("\n") == 1


def test_a_damaged_file_leaves_nothing_behind(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "smtp-tui.pyz"
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(copy, "w") as half:
        half.writestr("__main__.py", whole.read("__main__.py"))
    told = subprocess.run(
        [PYTHON, "-I", str(copy), "--version"],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode != 0
    assert list((tmp_path / "cache" / "smtp-tui").iterdir()) == []
    shutil.rmtree(tmp_path / "cache")


def test_ctrl_c_while_it_unpacks_ends_it_without_a_word(archive: Path, tmp_path: Path) -> None:
    root = str(Path(__file__).parent.parent)
    code = (
        "import sys, os, signal, zipfile\n"
        f"sys.path.insert(0, {root!r}); sys.argv[0] = {str(archive)!r}\n"
        "from pyz import start\n"
        "def stopped(*_): os.kill(os.getpid(), signal.SIGINT)\n"
        "zipfile.ZipFile.extractall = stopped\n"
        "start.main()"
    )
    ended = subprocess.run(
        [PYTHON, "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-2, b"", b"")
    assert list((tmp_path / "cache" / "smtp-tui").iterdir()) == []
