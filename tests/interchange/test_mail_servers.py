"""The small mail servers themselves log in with what is written for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import import_text
from smtp_tui.interchange.spec import InterchangeError
from tests.interchange.catching_server import Caught, catching_server
from tests.servers.opensmtpd import UNPACKED as OPENSMTPD
from tests.servers.requirements import require

pytestmark = pytest.mark.integration

UNPACKED = Path("/opt/smtp-tui-senders")
EXIM = Path("/opt/smtp-tui-exim/usr/sbin/exim4")
PASSWORDS = (
    "wonderland", "it's", 'a"b', "a\\b", "p@ss:w/ord?", "a #b", "a#b", "$HOME`id`", "a  b",
    "100%;{}", "a|b^c", "grün€𝄞", "=x", "'\"", "\\'",
)  # fmt: skip
MESSAGE = "From: a@b.example\nTo: x@example.test\nSubject: a\n\nhello\n"

# The programs read /etc and write below /var/spool, and nullmailer runs its helpers from /usr/lib.
IN_NAMESPACE = """\
set -e
mount -t overlay overlay -o "lowerdir=$1/etc:/etc" /etc
mount -t overlay overlay -o "lowerdir=$2/nullmailer/usr/lib:/usr/lib" /usr/lib
mount -t tmpfs none /var/spool
mount -t tmpfs none /var/lib
eval "$3"
"""


@pytest.fixture
def etc() -> Iterator[Path]:
    """A folder that stands over /etc; every user may enter it."""
    with TemporaryDirectory(prefix="smtp-tui-senders-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "etc").mkdir()
        yield folder / "etc"


def obstacle(program: str) -> str | None:
    """Why the program cannot run here, or None if it can."""
    if os.geteuid() != 0:
        return f"{program} starts as root only"
    if not (UNPACKED / program).exists():
        return f"{program} is not there ({UNPACKED})"
    done = subprocess.run(("unshare", "-m", "true"), check=False, capture_output=True)
    return "this machine allows no mount namespaces" if done.returncode else None


def run_inside(etc: Path, command: str, given: str = "") -> None:
    words = ("unshare", "-m", "sh", "-c", IN_NAMESPACE, "-", etc.parent, UNPACKED, command)
    done = subprocess.run(
        words, input=given, text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def values(server: Caught, password: str, **more: Any) -> dict[str, Any]:
    login = {"username": "al ice", "password": password}
    return {"host": "127.0.0.1", "port": server.port, "encryption": "none", **login, **more}


def parts(text: str, *names: str) -> dict[str, str]:
    """The files in an export: the first, and those that are comments below their names."""
    found = {"": ""}
    name = ""
    for line in text.split("\n"):
        if title := next((one for one in names if line.startswith("# ") and one in line), ""):
            name = title
            found[name] = ""
        else:
            found[name] += (line.removeprefix("# ") if name else line) + "\n"
    return found


def run_ssmtp(etc: Path, text: str) -> None:
    (etc / "ssmtp").mkdir(exist_ok=True)
    (etc / "ssmtp/ssmtp.conf").write_text(text, encoding="utf-8")
    run_inside(etc, f"{UNPACKED}/ssmtp/usr/sbin/ssmtp x@example.test", MESSAGE)


def run_dma(etc: Path, text: str) -> None:
    files = parts(text, "auth.conf, in")
    (etc / "dma").mkdir(exist_ok=True)
    (etc / "dma/dma.conf").write_text(files[""], encoding="utf-8")
    (etc / "dma/auth.conf").write_text(files["auth.conf, in"].rstrip("\n") + "\n", encoding="utf-8")
    spool = "mkdir /var/spool/dma; chown root:mail /var/spool/dma; chmod 2775 /var/spool/dma"
    run_inside(etc, f"{spool}; exec {UNPACKED}/dma/usr/sbin/dma -D x@example.test", MESSAGE)


def run_nullmailer(etc: Path, text: str) -> None:
    (etc / "nullmailer").mkdir(exist_ok=True)
    (etc / "nullmailer/remotes").write_text(text, encoding="utf-8")
    (etc / "nullmailer/pausetime").write_text("0\n")
    queued = "a@b.example\\nx@example.test\\n\\nSubject: a\\n\\nhello\\n"
    spool = (
        "cd /var/spool; mkdir -p nullmailer/queue nullmailer/tmp nullmailer/failed;"
        f" mkfifo nullmailer/trigger; printf '{queued}' >nullmailer/queue/1.1"
    )
    run_inside(etc, f"{spool}; exec {UNPACKED}/nullmailer/usr/sbin/nullmailer-send")


EXIM_CONFIGURATION = """\
CONFDIR = /etc/exim4
AUTH_CLIENT_ALLOW_NOTLS_PASSWORDS = yes
{macros}
exim_path = {program}
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
spool_directory = /var/spool/exim4
log_file_path = /var/spool/exim4/%slog
primary_hostname = me.example
untrusted_set_sender = *
local_from_check = false
begin routers
next:
  driver = manualroute
  route_list = * {server}
  self = send
  transport = remote_smtp_smarthost
begin transports
{transport}
  allow_localhost
begin authenticators
{authenticators}
"""


def run_exim(etc: Path, text: str) -> None:
    """Run Exim with Debian's own transport and authenticators, as update-exim4.conf joins them."""
    files = parts(text, "exim4.conf.localmacros", "passwd.client, in")
    imported = import_text(text, "exim").values
    debian = UNPACKED / "exim4-config/etc/exim4/conf.d"
    folder = etc / "exim4"
    folder.mkdir(exist_ok=True)
    login = files.get("passwd.client, in", "").strip("\n") + "\n"
    # The name that the test's server has for this machine is not known before.
    (folder / "passwd.client").write_text(f"*:{login.partition(':')[2]}", encoding="utf-8")
    transport = debian / "transport/30_exim4-config_remote_smtp_smarthost"
    (folder / "whole").write_text(
        EXIM_CONFIGURATION.format(
            program=EXIM,
            macros=files.get("exim4.conf.localmacros", ""),
            server=f"{imported['host']}::{imported['port']}",
            transport=transport.read_text(),
            authenticators=(debian / "auth/30_exim4-config_examples").read_text(),
        ),
        encoding="utf-8",
    )
    place = (
        "mkdir -p /var/lib/exim4 /var/spool/exim4; chown Debian-exim /var/spool/exim4;"
        " cp /etc/exim4/whole /var/lib/exim4/config.autogenerated"
    )
    run_inside(etc, f"{place}; exec {EXIM} -odf -oi -f a@b.example x@example.test", MESSAGE)


PROGRAMS: dict[str, Callable[[Path, str], None]] = {
    "ssmtp": run_ssmtp, "dma": run_dma, "nullmailer": run_nullmailer, "exim": run_exim,
}  # fmt: skip
PACKAGES = {"exim": "exim4-config"}
# ssmtp's file ends a word at these.
REFUSED = {"ssmtp": {"a #b", "a#b", "a  b", "=x"}}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_mail_server_logs_in_with_what_is_written_for_it(name: str, etc: Path) -> None:
    require(obstacle(PACKAGES.get(name, name)))
    username = "alice" if name == "ssmtp" else "al ice"
    refused = set()
    for password in PASSWORDS:
        with catching_server() as server:
            try:
                whole = values(server, password, username=username, domain="me.example")
                text = export_text(name, whole, with_password=True).text
            except InterchangeError:
                refused.add(password)
                continue
            PROGRAMS[name](etc, text)
            assert server.done.wait(30)
        assert server.logins == [(username, password)]
        # nullmailer's name is in a file of its own.
        assert name == "nullmailer" or server.hellos[-1] == "me.example"
    assert refused == REFUSED.get(name, set())


# What each program makes of lines that people write, and smtp-tui too.
LINES = {
    "ssmtp": (
        "mailhub=127.0.0.1:PORT\nAuthUser=al ice\nAuthPass=a:b=c\n",
        "MAILHUB=127.0.0.1:PORT\nauthuser=alice\nauthpass=x # y\nAuthMethod=LOGIN\n",
        "mailhub=127.0.0.1:PORT\nAuthUser=alice\nAuthPass=\"a\"'b'\n",
    ),
    "dma": (
        "SMARTHOST 127.0.0.1\nPORT\tPORT\nINSECURE\nAUTHPATH /etc/dma/auth.conf\n\n"
        "# auth.conf, in\n# bob|other.example:x\n# al ice|127.0.0.1:sesame: |#1 \n",
        "SMARTHOST 127.0.0.1#x\nPORT\tPORT\nAUTHPATH /etc/dma/auth.conf\nINSECURE\n\n"
        "# auth.conf, in\n# alice|127.0.0.1 x y\n",
    ),
    "nullmailer": (
        "# one\n127.0.0.1 smtp --port=PORT --user=al pass='it'\\''s'\n",
        '127.0.0.1\tsmtp port=PORT "user=a l" pass="a\\"b c"\n',
        "127.0.0.1 smtp port=PORT user=al\\ ice pass=a'b c'\"d'e\"f\n",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_a_file_means_here_what_it_means_there(name: str, etc: Path) -> None:
    require(obstacle(name))
    for written in LINES[name]:
        with catching_server() as server:
            text = written.replace("PORT\tPORT", f"PORT\t{server.port}").replace(
                "=PORT", f"={server.port}"
            )
            text = text.replace(":PORT", f":{server.port}")
            PROGRAMS[name](etc, text)
            assert server.done.wait(30)
        files = parts(text, "auth.conf, in")
        beside = {"auth.conf": files.get("auth.conf, in", "")}
        found = import_text(files[""], name, beside=beside).values
        assert found["port"] == server.port
        assert [(found["username"], found["password"])] == server.logins


@pytest.mark.parametrize("encryption", ["none", "tls", "ssl"])
def test_opensmtpd_takes_the_file(encryption: str, tmp_path: Path) -> None:
    program = OPENSMTPD / "usr/sbin/smtpd"
    require(
        None if program.exists() and os.geteuid() == 0 else f"OpenSMTPD is not there ({program})"
    )
    secrets = tmp_path / "secrets"
    secrets.write_text("relay al ice:wonder:land\n")
    secrets.chmod(0o600)
    whole = {
        "host": "mail.example.org",
        "port": 2525,
        "encryption": encryption,
        "domain": "me.example",
    }
    whole |= {"username": "al ice", "password": "wonder:land", "openssl_verify_mode": "none"}
    text = export_text("opensmtpd", {**whole, "from": "a@b.example"}, with_password=True).text
    file = tmp_path / "smtpd.conf"
    file.write_text(text.replace("/etc/mail/secrets", str(secrets)))
    done = subprocess.run(
        (program, "-n", "-f", file), capture_output=True, text=True, timeout=30, check=False
    )
    assert "configuration OK" in done.stderr, done.stderr
