"""Applications of Debian's packages log in with what is written for them."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.open_document import open_document
from tests.interchange.awkward import HANDMADE
from tests.interchange.catching_server import catching_server
from tests.interchange.consumers.places import (
    FEW,
    HERE,
    logged_in,
    stays_in_namespace,
    unpacked,
    written,
)
from tests.interchange.readers import need, run, utf_8
from tests.servers.daemon import running, running_with_socket
from tests.servers.ports import reserved_ports

pytestmark = pytest.mark.integration

SENDER = {"domain": "me.example", "from": "Al <a@b.example>"}


def in_files(folder: Path, name: str, texts: dict[str, str]) -> list[str]:
    """Write each text to a file of this name in a folder of its own; return the paths."""
    files = [folder / str(number) / name for number in range(len(texts))]
    for file, text in zip(files, texts.values(), strict=True):
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
    return [*map(str, files)]


def test_roundcube(tmp_path: Path) -> None:
    php, package = need("php"), unpacked("roundcube-core")
    if not Path("/usr/share/php/Net/SMTP.php").exists():
        pytest.skip("Net_SMTP is not installed")
    with catching_server() as server:
        texts = written("roundcube", server, **SENDER)
        folders = [str(Path(one).parent) for one in in_files(tmp_path, "config.inc.php", texts)]
        code, defaults = package / "usr/share/roundcube", package / "etc/roundcube"
        told = run(php, str(HERE / "roundcube.php"), str(code), str(defaults), *folders)
    assert json.loads(told) == ["connected"]
    assert [*texts] == [*HANDMADE]
    logged_in(server, texts)
    assert set(server.hellos) == {"me.example"}


@pytest.mark.parametrize("name", ["rails", "redmine"])
def test_action_mailer(name: str, tmp_path: Path) -> None:
    ruby = need("ruby")
    if subprocess.run(
        [ruby, "-e", "gem 'actionmailer'"], capture_output=True, check=False
    ).returncode:
        pytest.skip("ActionMailer is not installed")
    code = str(unpacked("redmine") / "usr/share/redmine") if name == "redmine" else ""
    with catching_server() as server:
        texts = written(name, server, authentication="login", **SENDER)
        files = in_files(tmp_path, "mail.rb", texts)
        run(ruby, "-Ku", str(HERE / "actionmailer.rb"), code, *files, env=utf_8())
    assert [*texts] == [*HANDMADE]
    logged_in(server, texts)
    assert set(server.hellos) == {"me.example"}


# Sends with each settings file.
_DJANGO = """
import runpy
import sys
from django.conf import settings
from django.core.mail import EmailMessage
from django.test.utils import override_settings
settings.configure()
for file in sys.argv[1:]:
    found = {name: value for name, value in runpy.run_path(file).items() if name.isupper()}
    with override_settings(**found):
        EmailMessage("a", "hello", None, ["x@example.test"]).send()
"""


def test_django(tmp_path: Path) -> None:
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import django"], capture_output=True, check=False).returncode:
        pytest.skip("Debian's Django is not installed")
    with catching_server() as server:
        ascii_only = [password for password in HANDMADE if password.isascii()]
        texts = written("django", server, ascii_only, **SENDER)
        files = in_files(tmp_path, "settings.py", texts)
        run(python, "-c", _DJANGO, *files, env=utf_8())
    # Python's smtplib ends with an error at any other letter, which the export says.
    assert [*texts] == ascii_only
    logged_in(server, texts)
    assert {sender.upper() for sender in server.senders} == {"FROM:<A@B.EXAMPLE>"}


def test_meli(tmp_path: Path) -> None:
    program = unpacked("meli") / "usr/bin/meli"
    need("m4")  # through which its file goes
    text = (
        f'[accounts.main]\nroot_mailbox = "{tmp_path}"\nformat = "Maildir"\n'
        'identity = "a@b.example"\nsubscribed_mailboxes = ["INBOX"]\n'
        '[accounts.main.send_mail]\nhostname = "mail.example.org"\nport = 587\n'
        'auth = { type = "auto", username = "u", password = { type = "raw", value = "x" } }\n'
        'security = { type = "STARTTLS" }\n'
    )
    with catching_server() as server:
        file, refused = tmp_path / "config.toml", set()
        for password in HANDMADE:
            file.write_text(text)
            whole = {"host": "127.0.0.1", "port": server.port, "encryption": "none"}
            whole |= {"username": "al ice", "password": password}
            try:
                changed = open_document(file).changed("accounts.main.send_mail", whole)
            except NotExpressibleError:
                refused.add(password)
                continue
            file.write_text(changed, encoding="utf-8")
            words = (str(program), "-c", str(file), "tools", "smtp-shell", "main")
            run(*words, input="QUIT\n", env=utf_8() | {"HOME": str(tmp_path)})
    assert refused == {"`id`", "``"}
    logged_in(server, [password for password in HANDMADE if password not in refused])


class UnixConnection(HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self.path = str(path)

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(connection: HTTPConnection, path: str, data: bytes, **headers: str) -> None:
    """Send a request that must succeed."""
    with closing(connection):
        connection.request("POST", path, data, headers)
        answer = connection.getresponse()
        told = answer.read()
    assert answer.status == 200, told


def test_ntfy(tmp_path: Path) -> None:
    program = unpacked("ntfy") / "usr/bin/ntfy"
    file, listener = tmp_path / "server.yml", tmp_path / "socket"
    with catching_server() as server:
        texts = written("ntfy", server, FEW, starttls_auto=True, **SENDER)
        own = f'base-url: "https://a.example"\nlisten-http: "-"\nlisten-unix: "{listener}"\n'
        for text in texts.values():
            file.write_text(text + own, encoding="utf-8")
            server.done.clear()
            with running_with_socket("ntfy", (program, "serve", "--config", file), listener):
                ask(UnixConnection(listener), "/topic", b"hello", Email="x@example.test")
                assert server.done.wait(30)
            listener.unlink(missing_ok=True)
    assert [*texts] == [*FEW]
    logged_in(server, texts)
    assert {sender.upper() for sender in server.senders} == {"FROM:<A@B.EXAMPLE>"}


# It reads its templates from /usr/share.
OVER_SHARE = 'mount -t overlay overlay -o "lowerdir=$0:/usr/share" /usr/share; exec "$@"'
ROUTE = """\
route:
  receiver: mail
  group_wait: 0s
  group_by: ["..."]
receivers:
  - name: mail
    email_configs:
      - to: x@example.test
"""


def test_alertmanager(tmp_path: Path) -> None:
    package = unpacked("prometheus-alertmanager")
    stays_in_namespace()
    file, program = tmp_path / "alertmanager.yml", package / "usr/bin/prometheus-alertmanager"
    alert = b'[{"labels": {"alertname": "a"}}]'
    with catching_server() as server, reserved_ports(("127.0.0.1",), 1) as (port,):
        options = [f"--config.file={file}", f"--storage.path={tmp_path}"]
        options += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        words: list[str | Path] = ["unshare", "-m", "sh", "-c", OVER_SHARE, package / "usr/share"]
        words += [program, *options]
        texts = written("alertmanager", server, FEW, **SENDER)
        for text in texts.values():
            file.write_text(text + ROUTE, encoding="utf-8")
            server.done.clear()
            (tmp_path / "nflog").unlink(missing_ok=True)  # what it has sent already
            with running("Alertmanager", words, "Listening on"):
                connection = HTTPConnection("127.0.0.1", port)
                ask(connection, "/api/v2/alerts", alert, **{"Content-Type": "application/json"})
                assert server.done.wait(30)
    assert [*texts] == [*FEW]
    logged_in(server, texts)
    assert set(server.hellos) == {"me.example"}


def field(number: int, value: bytes) -> bytes:
    """A field of a message in protobuf; the lengths here need two bytes at most."""
    size = len(value)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + value


def test_crowdsec(tmp_path: Path) -> None:
    program, curl = unpacked("crowdsec") / "usr/lib/crowdsec/plugins/email", need("curl")
    words = ("env", "CROWDSEC_PLUGIN_KEY=x", f"TMPDIR={tmp_path}", program)
    with catching_server() as server, running("CrowdSec", words, "|grpc|") as daemon:
        texts = written("crowdsec", server, authentication="plain", **SENDER)
        calls = []
        for number, text in enumerate(texts.values()):
            name = f"n{number}"
            own = "receiver_emails: [x@example.test]\nformat: hello\n"
            settings = text.replace("email_default", name) + own
            calls.append(("Configure", field(2, settings.encode())))
            calls.append(("Notify", field(1, b"hello") + field(2, name.encode())))
        socket_path = daemon.log.split("|")[3]
        common = ["-sS", "--http2-prior-knowledge", "--unix-socket", socket_path]
        common += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        options: list[str] = []
        for number, (method, message) in enumerate(calls):
            body = tmp_path / str(number)
            body.write_bytes(b"\0" + len(message).to_bytes(4) + message)
            options += ["--next", *common, "--data-binary", f"@{body}"]
            options += ["-o", "/dev/null", f"http://localhost/proto.Notifier/{method}"]
        run(curl, *options[1:])
    logged_in(server, texts)
    assert set(server.hellos) == {"me.example"}
