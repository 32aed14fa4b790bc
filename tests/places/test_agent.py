"""The agent hangs, ends or cannot enter: the program says so, and nothing of it stays."""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.places import agent_process, messages
from smtp_tui.places.agent_process import AgentProcess
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.places.files import PlaceFiles
from smtp_tui.places.network import AgentNetwork
from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.places.process import ProcessHandle
from tests.places.spaces import (
    NOBODY,
    make_etc,
    process_in_namespaces,
    require_namespaces,
    resident,
)
from tests.servers.processes import session_members, wait_for_exit

SECRET = "correct horse"
ENDED = "the agent in the place has ended"


@pytest.fixture
def agent() -> Iterator[AgentProcess]:
    """An agent beside a process that shares all with us."""
    with resident() as pid, ProcessHandle(pid) as process, AgentProcess(process, {}) as started:
        yield started


def test_an_agent_that_was_killed_is_named(agent: AgentProcess) -> None:
    network, files = AgentNetwork(agent), PlaceFiles(agent)
    os.kill(agent.pid, signal.SIGKILL)
    wait_for_exit([agent.pid], 10)
    with pytest.raises(OSError, match=ENDED):
        network.new_socket(socket.AF_INET)
    with pytest.raises(OSError, match=ENDED):
        network.addresses("localhost", 25, socket.AF_UNSPEC)
    with pytest.raises(OSError, match=ENDED):
        files.read("/etc/hosts")
    with pytest.raises(PlaceError, match=ENDED):
        agent.enter({})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "unix:/run/mail"])
def test_a_check_says_that_its_agent_was_killed(agent: AgentProcess, host: str) -> None:
    """Not that there is no route, or that the name server does not answer."""
    request = CheckRequest(
        values={"host": host, "port": 25}, base=Path("/"), network=AgentNetwork(agent)
    )
    os.kill(agent.pid, signal.SIGKILL)
    wait_for_exit([agent.pid], 10)
    verdict = asyncio.run(verdict_of(request))
    assert verdict.cause == "place-lost"
    assert ENDED in verdict.summary
    assert verdict.why.endswith("this says nothing about the server.")


async def verdict_of(request: CheckRequest) -> Verdict:
    async with aclosing(run(request)) as events:
        return [event async for event in events if isinstance(event, Verdict)][-1]


def test_an_agent_that_hangs_is_not_waited_for(agent: AgentProcess) -> None:
    os.kill(agent.pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError, match=r"the place did not answer within 0\.05 s"):
        agent.ask({"ask": "socket", "family": socket.AF_INET}, 0.05)


def test_an_agent_that_says_nothing_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_process, "_START", "raise SystemExit({path!r}[:0])")
    with (
        resident() as pid,
        pytest.raises(PlaceError, match=f"smtp-tui cannot start its agent: {ENDED}"),
        open_place(PlaceKind.PROCESS, str(pid)),
    ):
        pass


def test_a_lookup_that_hangs_holds_up_nobody_and_ends_with_the_agent(tmp_path: Path) -> None:
    options = "options use-vc timeout:30 attempts:1\n"
    etc = make_etc(tmp_path / "etc", resolv_conf=f"nameserver 127.0.0.1\n{options}")
    errors: list[OSError] = []
    with ExitStack() as stack:
        pid = stack.enter_context(process_in_namespaces(etc))
        place = stack.enter_context(open_place(PlaceKind.PROCESS, str(pid)))

        def look_up() -> None:
            try:
                place.network.addresses("mail.example.test", 25, socket.AF_INET)
            except OSError as error:
                errors.append(error)

        name_server = stack.enter_context(place.network.new_socket(socket.AF_INET))
        name_server.bind(("127.0.0.1", 53))
        name_server.listen()
        waiting = threading.Thread(target=look_up)
        waiting.start()
        asked, _ = name_server.accept()
        # It is never answered; others are.
        place.network.new_socket(socket.AF_INET).close()
        assert place.files.read("/etc/resolv.conf").startswith(b"nameserver")
        (session,) = sessions_of_agents()
        assert len(session_members(session)) == 2
        stack.close()
        waiting.join(10)
    asked.close()
    assert not waiting.is_alive()
    assert ENDED in str(errors[0])
    wait_for_exit(session_members(session), 10)
    assert session_members(session) == []


HANGING = """
import ctypes
kind, options = b"fuse", b"fd=9,rootmode=40000,user_id=0,group_id=0"
assert ctypes.CDLL(None).mount(kind, b"/mnt", kind, ctypes.c_ulong(0), options) == 0
"""


@pytest.mark.integration
@pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="this kernel has no FUSE")
def test_a_file_system_that_hangs_is_not_waited_for() -> None:
    """Nobody answers for the file system at /mnt, where the authorities are."""
    mount = shlex.join([sys.executable, "-c", HANGING])
    variables = {"SSL_CERT_FILE": "/mnt/ca.pem", "SSL_CERT_DIR": "/mnt/certs"}
    setup = ["ip link set lo up", "exec 9<>/dev/fuse", mount]
    with (
        process_in_namespaces(setup=setup, variables=variables) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        assert place.trust.pem is None
        assert place.trust.runtime == "unknown: the place did not answer within 3 s"
        # The rest of the place works.
        assert place.files.read("/etc/passwd")
        place.network.new_socket(socket.AF_INET).close()
        (session,) = sessions_of_agents()
    wait_for_exit(session_members(session), 10)
    assert session_members(session) == []


WITHOUT_A_MOUNT = """
import errno, sys
from smtp_tui.places import agent
agent._mount = lambda *_words: None
{change}
try:
    agent.enter({{}}, [], {{"hosts": "not here"}})
except agent.StepFailed as failed:
    assert failed.step == "mnt"
    print(errno.errorcode[failed.error.errno])
"""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("", "EROFS"),
        ("agent._hide = lambda _folder: -1", "EROFS"),
        ("import os; agent._hide = lambda folder: os.stat(folder).st_dev", "EEXIST"),
    ],
)
def test_the_agent_never_writes_to_this_machine_s_files(
    tmp_path: Path, change: str, code: str
) -> None:
    """If it ever went wrong: nothing is mounted, and what stands for our /etc stays as it is."""
    require_namespaces()
    etc = make_etc(tmp_path / "etc", hosts="ours\n")
    program = shlex.join([sys.executable, "-c", WITHOUT_A_MOUNT.format(change=change)])
    script = f"mount --bind {etc} /etc && exec {program}"
    said = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"{code}\n"
    assert (etc / "hosts").read_text() == "ours\n"
    assert [file.name for file in etc.iterdir()] == ["hosts"]


LOOKS_UP = """
import socket, sys
from smtp_tui.places.place import PlaceKind, open_place
with open_place(PlaceKind.PROCESS, sys.argv[1]) as place:
    place.network.addresses("mail.example.test", 25, socket.AF_INET)
"""


def test_the_agent_and_its_lookup_end_with_a_program_that_is_killed(tmp_path: Path) -> None:
    options = "options use-vc timeout:30 attempts:1\n"
    etc = make_etc(tmp_path / "etc", resolv_conf=f"nameserver 127.0.0.1\n{options}")
    with (
        process_in_namespaces(etc) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
        place.network.new_socket(socket.AF_INET) as name_server,
    ):
        name_server.bind(("127.0.0.1", 53))
        name_server.listen()
        with subprocess.Popen([sys.executable, "-c", LOOKS_UP, str(pid)]) as started:
            asked, _ = name_server.accept()
            with asked:  # it is never answered
                (session,) = sessions_of_agents(started.pid)
                members = session_members(session)
                assert len(members) == 2
                started.kill()
                wait_for_exit(members, 10)
                assert session_members(session) == []


def test_the_agent_holds_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_TUI_PASSWORD", SECRET)
    variables = {"RES_OPTIONS": "timeout:1", "LD_PRELOAD": "/evil.so", "PYTHONPATH": "/evil"}
    with (
        resident() as pid,
        ProcessHandle(pid) as process,
        AgentProcess(process, variables) as agent,
    ):
        agent.ask({"ask": "name"})
        environ = Path(f"/proc/{agent.pid}/environ").read_bytes()
        assert environ == b"RES_OPTIONS=timeout:1\0"
        command = Path(f"/proc/{agent.pid}/cmdline").read_bytes()
        assert SECRET.encode() not in command
        # Nobody but root looks into it, and it leaves no core behind.
        assert Path(f"/proc/{agent.pid}/environ").stat().st_uid == 0
        limits = Path(f"/proc/{agent.pid}/limits").read_text()
        assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == [
            "0",
            "0",
        ]
        status = Path(f"/proc/{agent.pid}/status").read_text()
        assert "NoNewPrivs:\t1\n" in status


def test_the_agent_becomes_the_user_for_good(tmp_path: Path) -> None:
    etc = make_etc(tmp_path / "etc", hosts="127.0.0.1 localhost\n")
    with (
        process_in_namespaces(etc, user=NOBODY) as pid,
        open_place(PlaceKind.PROCESS, str(pid)),
    ):
        (session,) = sessions_of_agents()
        fields = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{session}/status").read_text().splitlines()
        )
        assert fields["Uid"].split() == [str(NOBODY)] * 4
        assert fields["Gid"].split() == [str(NOBODY)] * 4
        assert fields["Groups"].split() == [str(NOBODY)]
        for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            assert int(fields[kind], 16) == 0
        # It is in the place's network, but not among its mounts, whose libraries it would load.
        assert namespace("net", session) == namespace("net", pid) != namespace("net", "self")
        assert len({namespace("mnt", each) for each in ("self", pid, session)}) == 3
        # What answers on this machine's sockets there (nscd, resolved) would answer for it.
        lines = Path(f"/proc/{session}/mountinfo").read_text().splitlines()
        hidden = {line.split()[4] for line in lines if " - tmpfs tmpfs " in line}
        assert {"/etc", "/run"} <= hidden


@pytest.mark.parametrize(
    ("step", "code", "kind", "said"),
    [
        ("net", errno.EPERM, NotPermitted, "smtp-tui may not enter its network of process"),
        ("mnt", errno.ENOMEM, PlaceError, "smtp-tui cannot enter .*: cannot allocate memory"),
    ],
)
def test_a_step_that_fails_is_named(
    agent: AgentProcess,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    code: int,
    kind: type[PlaceError],
    said: str,
) -> None:
    monkeypatch.setattr(messages, "receive", lambda _channel: ({"step": step, "errno": code}, []))
    with pytest.raises(kind, match=said):
        agent.enter({})


def test_answers_in_turn_do_not_mix(agent: AgentProcess) -> None:
    files, failures = PlaceFiles(agent), []

    def ask(path: str, start: bytes) -> None:
        for _ in range(20):
            if not files.read(path).startswith(start):
                failures.append(path)

    wanted = {path: Path(path).read_bytes()[:20] for path in ("/etc/hosts", "/etc/passwd")}
    threads = [threading.Thread(target=ask, args=pair) for pair in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_large_messages_pass() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        messages.send(ours, {"files": "x" * 3_000_000})
        message, descriptors = messages.receive(theirs)
        assert (len(message["files"]), list(descriptors)) == (3_000_000, [])
        ours.close()
        with pytest.raises(EOFError):
            messages.receive(theirs)


def test_the_agent_of_root_gives_up_its_power(tmp_path: Path) -> None:
    """Once it is inside, only reading is left of what root may do."""
    with process_in_namespaces() as pid, open_place(PlaceKind.PROCESS, str(pid)) as place:
        place.network.new_socket(socket.AF_INET).close()
        (session,) = sessions_of_agents()
        status = Path(f"/proc/{session}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines())
        reading = (1 << 1) | (1 << 2)
        assert int(fields["CapPrm"], 16) == int(fields["CapEff"], 16) == reading
        assert int(fields["CapInh"], 16) == 0


def namespace(kind: str, process: int | str) -> Path:
    return Path(f"/proc/{process}/ns/{kind}").readlink()


def sessions_of_agents(parent: int | None = None) -> list[int]:
    """Return the sessions of the agents that a process started, this one if none is named."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == (parent or os.getpid()) and b"smtp_tui.places.agent" in command:
            found.append(int(folder.name))
    return found
