"""The Debian package: built by Debian's tools, and used in a clean Debian without anything else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.requirements import SEARCH_PATH, require
from tests.terminal import on_terminal
from tests.test_requirements import floors

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
TOOLS = ("dpkg-buildpackage", "dh_python3", "lintian", "mmdebstrap")
CHROOT = "/usr/sbin/chroot"
ENVIRONMENT = {"PATH": SEARCH_PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "xterm"}


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a minimal Debian with the package and what it depends on."""
    missing = [name for name in TOOLS if shutil.which(name, path=SEARCH_PATH) is None]
    if not SOURCES.is_file():
        missing.append(str(SOURCES))
    require(f"{', '.join(missing)} not found" if missing else None)
    folder = tmp_path_factory.mktemp("debian")
    ended(str(ROOT / ".ci/deb"), str(folder))
    (package,) = folder.glob("*.deb")
    root = folder / "root"
    install = f'chroot "$1" apt-get install -q -y --no-install-recommends /{package.name}'
    hooks = (f"--customize-hook=copy-in {package} /", f"--customize-hook={install}")
    ended("mmdebstrap", "-q", "--variant=minbase", *hooks, "", str(root), str(SOURCES))
    return root


def ended(*command: str, stdin: str = "") -> str:
    """Run a command that must pass; return all its output."""
    run = subprocess.run(
        command,
        input=stdin,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-4000:]
    return run.stdout


def test_a_check_against_a_real_server(debian: Path, mail_servers: MailServers) -> None:
    shutil.copy(mail_servers.authority_file, debian / "ca.pem")
    settings = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_OFFERED],
        "username": mail_servers.user.name,
        "ca_file": "/ca.pem",
    }
    pairs = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    out = ended(
        *("chroot", str(debian), "smtp-tui", "check", *pairs, "--password-stdin"),
        stdin=mail_servers.user.password,
    )
    assert "PASSED" in out
    assert mail_servers.user.password not in out


def test_without_the_keyring_library(debian: Path) -> None:
    (debian / "mail.toml").write_text(
        '[smtp]\nhost = "mail.example"\nusername = "me"\npassword = { keyring = "smtp" }\n'
    )
    ended("chroot", str(debian), "sh", "-c", "! python3 -c 'import keyring' 2>/dev/null")
    out = ended("chroot", str(debian), "sh", "-c", "smtp-tui check /mail.toml || [ $? = 4 ]")
    assert "the Python package keyring is not installed" in out


def test_the_form_says_what_it_needs(debian: Path) -> None:
    with on_terminal([CHROOT, str(debian), "smtp-tui", "/mail.toml"], ENVIRONMENT) as terminal:
        terminal.wait_for("without Textual")
        screen = " ".join(terminal.text.split())
    assert "the form needs Textual >= 8." in screen
    assert "this Python has none" in screen


def test_line_by_line(debian: Path) -> None:
    """The same form as questions and answers needs no Textual."""
    command = [CHROOT, str(debian), "smtp-tui", "--linear", "/new.toml"]
    with on_terminal(command, ENVIRONMENT) as terminal:
        terminal.wait_for("SMTP Host")
        terminal.press(":quit", "Enter")
        assert terminal.wait_for_end() == 0


def test_completions_and_manual_page_stand_where_debian_looks(debian: Path) -> None:
    share = debian / "usr/share"
    assert (share / "bash-completion/completions/smtp-tui").is_file()
    assert (share / "zsh/vendor-completions/_smtp_tui").is_file()
    assert (share / "fish/vendor_completions.d/smtp-tui.fish").is_file()
    listed = ended("chroot", str(debian), "dpkg", "-L", "smtp-tui")
    assert "/usr/share/man/man1/smtp-tui.1.gz" in listed


def test_apt_knows_the_lower_bounds(debian: Path) -> None:
    parts = "${Depends}, ${Recommends}, ${Suggests}"
    relations = ended("chroot", str(debian), "dpkg-query", "-W", "-f", parts, "smtp-tui")
    names = {"dkimpy": "dkim", "pyyaml": "yaml"}
    wanted = {f"python3-{names.get(name, name)} (>= {bound})" for name, bound in floors().items()}
    assert wanted <= {*relations.split(", ")}
    assert "python3:any (>= 3.11~)" in relations
