"""Three networks of the test's own: a mail server's, this program's, and an application's.

They are namespaces of processes that end with the test, so nothing is left of them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from tests.checks.far_server import ADDRESS, ADDRESS_6, HOST, IGNORANT, ONLY_IPV6
from tests.places.spaces import require_namespaces
from tests.servers.requirements import require

ROOT = Path(__file__).parents[2]
LIMIT = 60


def require_networks() -> None:
    """Skip the test where this machine lets it make no networks."""
    require_namespaces()
    missing = [name for name in ("ip", "nsenter", "nft", "setpriv") if not shutil.which(name)]
    require(f"{missing[0]} is not installed" if missing else None)


def run(*words: str | Path) -> str:
    """Run a command that must work."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@dataclass
class Space:
    """A process in namespaces of its own, with its own resolver files."""

    pid: int

    def run(self, *words: str) -> str:
        """Run a command in its network."""
        return run("nsenter", "--target", str(self.pid), "--net", *words)

    def mount(self, source: Path, target: Path) -> None:
        """Mount a folder over another one that it sees."""
        run("nsenter", "--target", str(self.pid), "--mount", "mount", "--bind", source, target)

    def kill(self) -> None:
        """End the process."""
        os.kill(self.pid, signal.SIGKILL)


@contextmanager
def space(
    folder: Path,
    *,
    resolv_conf: str = "",
    hosts: str = "127.0.0.1 localhost\n",
    variables: Mapping[str, str] | None = None,
    user: int = 0,
    program: Sequence[str] = ("sleep", "600"),
) -> Iterator[Space]:
    """Start a process in a network with nothing but loopback."""
    folder.mkdir()
    (folder / "resolv.conf").write_text(resolv_conf)
    (folder / "hosts").write_text(hosts)
    (folder / "nsswitch.conf").write_text("hosts: files dns\n")
    binds = "".join(
        f"mount --bind {folder}/{name} /etc/{name} || exit 1; "
        for name in ("resolv.conf", "hosts", "nsswitch.conf")
    )
    line = f"{binds} ip link set lo up; echo ready; exec 0</dev/null 1>/dev/null; "
    line += f'exec setpriv --reuid {user} --regid {user} --clear-groups -- "$@"'
    process = subprocess.Popen(
        ["unshare", "-nm", "sh", "-c", line, "sh", *program],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], **(variables or {})},
    )
    with _ended(process):
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Space(process.pid)


@dataclass
class Networks:
    """The server's network and this program's; `folder` has files for the application's."""

    server: Space
    here: Space
    folder: Path
    authority: Path
    stranger: Path
    _spaces: int = field(default=0)

    @contextmanager
    def there(
        self, *, cabled: bool = True, ipv6: bool = True, routed: bool = True, **more: Any
    ) -> Iterator[Space]:
        """Start an application in a network that leads to the server, unless told otherwise."""
        self._spaces += 1
        more.setdefault("resolv_conf", f"nameserver {ADDRESS}\noptions timeout:1 attempts:1\n")
        with space(self.folder / f"there{self._spaces}", **more) as made:
            if cabled:
                number = 10 + self._spaces
                connect(self.server, made, number, ipv6=ipv6, routed=routed)
            yield made

    def check(
        self, *words: str, prefix: Sequence[str] = (), **variables: str
    ) -> tuple[int, list[dict[str, Any]], str]:
        """Run `check` from this program's network: its status, its lines of JSON, all its text."""
        process = self.start(*words, prefix=prefix, **variables)
        try:
            output, complaint = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
        lines = output.splitlines() if "--json" in words else []
        return process.returncode, [json.loads(line) for line in lines], output + complaint

    def start(
        self, *words: str, prefix: Sequence[str] = (), **variables: str
    ) -> subprocess.Popen[str]:
        """Start `check` in this program's network."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        environment = {**os.environ, "HOME": str(home), "SSL_CERT_FILE": str(self.authority)}
        return subprocess.Popen(
            [
                *("nsenter", "--target", str(self.here.pid), "--net", "--mount", "--wdns=/"),
                *prefix,
                *(sys.executable, "-P", "-m", "smtp_tui", "check", *words),
            ],
            env={**environment, "PYTHONPATH": str(ROOT), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def connect(server: Space, other: Space, number: int, *, ipv6: bool, routed: bool) -> None:
    """Lay a cable from the server's network to another one."""
    ours, theirs = f"s{number}", f"c{number}"
    server.run("ip", "link", "add", ours, "type", "veth", "peer", theirs)
    server.run("ip", "link", "set", theirs, "netns", str(other.pid))
    server.run("ip", "address", "add", f"10.77.{number}.1/24", "dev", ours)
    server.run("ip", "address", "add", f"fd77:{number}::1/64", "dev", ours, "nodad")
    server.run("ip", "link", "set", ours, "up")
    other.run("ip", "address", "add", f"10.77.{number}.2/24", "dev", theirs)
    if ipv6:
        other.run("ip", "address", "add", f"fd77:{number}::2/64", "dev", theirs, "nodad")
    else:
        other.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
    other.run("ip", "link", "set", theirs, "up")
    if routed:
        other.run("ip", "route", "add", "default", "via", f"10.77.{number}.1")
    if routed and ipv6:
        other.run("ip", "-6", "route", "add", "default", "via", f"fd77:{number}::1")


@contextmanager
def networks(folder: Path) -> Iterator[Networks]:
    """Make the server's network and this program's, with the servers running."""
    authority, stranger = trustme.CA(), trustme.CA()
    bundle = authority.issue_cert(HOST, ONLY_IPV6, ADDRESS, ADDRESS_6, "127.0.0.1")
    files = [folder / name for name in ("server.pem", "authority.pem", "stranger.pem")]
    bundle.private_key_and_cert_chain_pem.write_to_path(files[0])
    authority.cert_pem.write_to_path(files[1])
    stranger.cert_pem.write_to_path(files[2])
    with ExitStack() as stack:
        server = stack.enter_context(space(folder / "server"))
        resolv_conf = f"nameserver {ADDRESS}\noptions timeout:1 attempts:1\n"
        here = stack.enter_context(space(folder / "here", resolv_conf=resolv_conf))
        for address in (f"{ADDRESS}/32", f"{IGNORANT}/32", f"{ADDRESS_6}/128"):
            server.run("ip", "address", "add", address, "dev", "lo")
        connect(server, here, 1, ipv6=True, routed=True)
        stack.enter_context(serving(server, files[0], ADDRESS, ADDRESS_6))
        yield Networks(server, here, folder, files[1], files[2])


@contextmanager
def serving(where: Space, certificate: Path, *addresses: str) -> Iterator[None]:
    """Run the mail server in a network."""
    words = ["-m", "tests.checks.far_server", str(certificate), *addresses]
    process = subprocess.Popen(
        ["nsenter", "--target", str(where.pid), "--net", sys.executable, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with _ended(process):
        assert process.stdout
        assert process.stdout.readline() == "serving\n"
        yield
