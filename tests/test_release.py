"""`make release`: what it refuses, and that the same commit gives the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent
VERSION = "99.0.1"
WHO = {"NAME": "nobody", "EMAIL": "nobody@example.org"}
ENVIRONMENT = {
    **os.environ,
    **{f"GIT_{who}_{part}": said for who in ("AUTHOR", "COMMITTER") for part, said in WHO.items()},
    "PIP_NO_INDEX": "1",
}


def call(folder: Path, *command: str, python: str = sys.executable) -> tuple[int, str]:
    """Run a command in a folder; return its status and all that it prints."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**ENVIRONMENT, "PYTHON": python},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=900,
    )
    return ended.returncode, ended.stdout


def tree(folder: Path) -> Path:
    """A repository with the files of this tree in one commit."""
    folder.mkdir()
    copy = f"git ls-files -z | tar -c --null -T - | tar -x -C '{folder}'"
    assert call(ROOT, "sh", "-c", copy) == (0, "")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "-")):
        assert call(folder, "git", *words) == (0, "")
    return folder


def ready(folder: Path) -> Path:
    """The same, ready for a release."""
    tree(folder)
    changelog = folder / "debian/changelog"
    _, rest = changelog.read_text().split("\n", 1)
    changelog.write_text(f"smtp-tui ({VERSION}) unstable; urgency=medium\n{rest}")
    changes = folder / "CHANGELOG.md"
    news = f"## {VERSION} (2026-01-02)\n\n- News.\n"
    changes.write_text(f"# Changelog\n\n{news}\n## 0.0.1 (2025-01-01)\n")
    assert call(folder, sys.executable, "-m", "tests.test_interface", VERSION) == (0, "")
    assert call(folder, "git", "commit", "-q", "-a", "-m", "release")[0] == 0
    assert call(folder, "git", "tag", f"v{VERSION}")[0] == 0
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> str:
    """A Python of its own that sees this one's packages: a release installs the tree."""
    folder = tmp_path / "venv"
    assert call(tmp_path, sys.executable, "-m", "venv", str(folder))[0] == 0
    (packages,) = folder.glob("lib/*/site-packages")
    site = Path(pytest.__file__).parent.parent
    (packages / "others.pth").write_text(f"{site}\n")
    return str(folder / "bin/python")


@pytest.fixture
def debian_package() -> str:
    """The package's name; none where Debian's tools are missing."""
    status, missing = call(ROOT, ".ci/deb", "--missing")
    if status:
        assert "SMTP_TUI_REQUIRE_SERVERS" not in os.environ, missing
        return ""
    return f"smtp-tui_{VERSION}_all.deb"


def test_what_debian_needs_and_does_not_find(tmp_path: Path) -> None:
    for name in (".ci/deb", "debian/control", "debian/changelog"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = (ROOT / name).read_text().replace(" python3-hatch-vcs,", " no-such-package,")
        (tmp_path / name).write_text(text)
    status, missing = call(tmp_path, "bash", ".ci/deb", "--missing")
    assert status
    # Where its tools are missing, the first of them is named instead.
    assert missing.split() in (["dpkg-buildpackage"], ["lintian"], ["no-such-package"])


def test_two_builds_give_the_same_bytes(
    tmp_path: Path, environment: str, debian_package: str
) -> None:
    built = []
    first, second = ready(tmp_path / "one"), tmp_path / "two"
    assert call(tmp_path, "git", "clone", "-q", str(first), str(second)) == (0, "")
    for repository in (first, second):
        status, said = call(repository, ".ci/release", "dist", python=environment)
        assert status == 0, said
        assert ("Left out: the Debian package" in said) is not bool(debian_package)
        files = {file.name: file.read_bytes() for file in (repository / "dist").iterdir()}
        built.append(files)
    one, two = built
    assert one == two
    assert one.keys() == {
        f"smtp_tui-{VERSION}.tar.gz",
        f"smtp_tui-{VERSION}-py3-none-any.whl",
        "smtp-tui.pyz",
        f"CHANGES-{VERSION}.md",
        "SHA256SUMS",
    } | {name for name in (debian_package,) if name}
    assert one[f"CHANGES-{VERSION}.md"] == f"## {VERSION} (2026-01-02)\n\n- News.\n".encode()
    sums = one["SHA256SUMS"].decode().splitlines()
    assert {line.split()[1] for line in sums} == one.keys() - {"SHA256SUMS"}
    for line in sums:
        digest, name = line.split()
        assert hashlib.sha256(one[name]).hexdigest() == digest
    pyz = tmp_path / "one/dist/smtp-tui.pyz"
    assert f"smtp-tui {VERSION} " in call(tmp_path, sys.executable, str(pyz), "--version")[1]


def test_what_is_not_ready_is_not_released(tmp_path: Path) -> None:
    repository = tree(tmp_path / "tree")

    def refusal() -> str:
        status, said = call(repository, ".ci/release", "dist")
        assert status == 1
        assert not (repository / "dist").exists()
        return said

    assert "the commit needs exactly one tag" in refusal()
    call(repository, "git", "tag", f"v{VERSION}")
    assert f"the first entry of debian/changelog is not for {VERSION}" in refusal()
    call(repository, "git", "tag", "-d", f"v{VERSION}")
    call(repository, "git", "tag", "v0.1.0")
    assert "CHANGELOG.md has no section '## 0.1.0 (YYYY-MM-DD)'" in refusal()
    (repository / "new").touch()
    assert "changes that are not committed" in refusal()
