"""Open the place where an application runs: a container, a process, or the process of a unit."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from enum import StrEnum

from smtp_tui.config.errors import one_line
from smtp_tui.places.agent_process import AgentProcess, text_of
from smtp_tui.places.application import application_of
from smtp_tui.places.containers import Container, find_container
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.places.files import PlaceFiles
from smtp_tui.places.network import AgentNetwork
from smtp_tui.places.process import (
    ProcessEnvironment,
    ProcessHandle,
    ProcessStatus,
    parse_environment,
)
from smtp_tui.places.resolver import ResolverFiles, own_resolver_files, resolver_files
from smtp_tui.places.trust import TrustStore, mapped_files, trust_of
from smtp_tui.places.units import main_process
from smtp_tui.places.users import MOST_BYTES, USERS_FILE, user_inside, user_text, users_in
from smtp_tui.records import record
from smtp_tui.smtp.addresses import Network

_MOST_NAMED = 8


class PlaceKind(StrEnum):
    """How a place is named."""

    CONTAINER = "container"
    PROCESS = "process"
    UNIT = "unit"


_OPTIONS = {
    PlaceKind.CONTAINER: "--in",
    PlaceKind.PROCESS: "--as-pid",
    PlaceKind.UNIT: "--as-unit",
}


@record(kw_only=True)
class Place:
    """A place that is open: what its process was started with and reads, and how to act in it.

    `user_name` is what the place's own passwd file calls its user, "" if it does not. `libc` is
    "glibc", "musl" or "" if unknown; `notes` say what of the place cannot be followed.
    """

    kind: PlaceKind
    name: str
    container: Container | None
    status: ProcessStatus
    user_name: str
    environment: ProcessEnvironment
    trust: TrustStore = field(repr=False)
    resolver: ResolverFiles = field(repr=False)
    libc: str
    notes: tuple[str, ...]
    process: ProcessHandle = field(repr=False)
    files: PlaceFiles = field(repr=False)
    network: Network = field(repr=False)

    @property
    def title(self) -> str:
        """The place in a sentence."""
        return f"{self.kind} {one_line(self.name)}"

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self.process.pid

    @property
    def user(self) -> str:
        """Its user in a sentence: name and number."""
        return user_text(self.user_name, self.status.uid)

    @property
    def engine(self) -> str:
        """The program that runs the container; empty if it is none."""
        return self.container.engine if self.container else ""


@contextmanager
def open_place(kind: PlaceKind, word: str) -> Iterator[Place]:
    """Open a place while the block lasts; PlaceError if that fails.

    It starts programs and waits for them, so a running event loop calls it in a thread.
    """
    with ExitStack() as stack:
        try:
            place = _open(kind, word, stack)
        except NotPermitted as error:
            if os.geteuid() == 0:  # sudo would not help
                raise PlaceError(str(error)) from None
            command = f"sudo smtp-tui check {_OPTIONS[kind]} {shlex.quote(word)}"
            raise NotPermitted(str(error), command) from None
        yield place


def _open(kind: PlaceKind, word: str, stack: ExitStack) -> Place:
    container = find_container(word) if kind is PlaceKind.CONTAINER else None
    name = container.name if container else word
    pid = container.pid if container else _process_of(kind, word)
    title = f"{kind} {one_line(name)}"
    process = stack.enter_context(ProcessHandle(pid))
    others: Sequence[ProcessHandle] = ()
    if kind is not PlaceKind.PROCESS:
        process, others = application_of(process, stack)
    status = process.status
    if status.is_over:
        raise PlaceError(f"{title} has no variables or files: it has ended, or is the kernel's")
    try:
        libc = _libc(process)
        environment = parse_environment(process.read("environ"))
        agent = stack.enter_context(AgentProcess(process, environment.variables))
        files = PlaceFiles(agent)
        user_name = _user_name(process, status.uid, files)
        resolver = resolver_files(files, is_musl=libc == "musl")
        # Then this machine's own resolver, with its services, is the process's too.
        is_own = process.shares("net") and resolver == own_resolver_files()
        agent.enter(None if is_own else resolver.files)
        trust = trust_of(process, files, environment.variables)
    except NotPermitted:
        raise _not_permitted(title, process) from None
    except OSError as error:
        raise PlaceError(f"smtp-tui cannot read {title}: {text_of(error)}") from None
    return Place(
        kind=kind,
        name=name,
        container=container,
        status=status,
        user_name=user_name,
        environment=environment,
        trust=trust,
        resolver=resolver,
        libc=libc,
        notes=(
            *_other_applications(status, others),
            *(() if is_own else _notes(libc, resolver, trust)),
        ),
        process=process,
        files=files,
        network=AgentNetwork(agent),
    )


def _process_of(kind: PlaceKind, word: str) -> int:
    if kind is PlaceKind.UNIT:
        return main_process(word)
    if not (word.isascii() and word.isdigit() and int(word)):
        raise PlaceError(f"{one_line(word)} is no number of a process")
    return int(word)


def _user_name(process: ProcessHandle, uid: int, files: PlaceFiles) -> str:
    with suppress(OSError):
        return users_in(files.read(USERS_FILE, MOST_BYTES)).get(user_inside(process, uid), "")
    return ""


def _libc(process: ProcessHandle) -> str:
    for path in mapped_files(process):
        name = path.rpartition("/")[2]
        if name.startswith("ld-musl-"):
            return "musl"
        if name.startswith(("libc.so.6", "libc-2.")):
            return "glibc"
    return ""


def _not_permitted(title: str, process: ProcessHandle) -> PlaceError:
    if os.geteuid() == 0:
        return PlaceError(
            f"smtp-tui may not enter {title}, although it runs as root: a container's root has "
            "fewer rights, and SELinux or AppArmor can forbid it too"
        )
    owner = process.owner
    who = "" if owner in (None, 0, os.geteuid()) else f", or user {owner}, who owns its namespaces"
    return NotPermitted(f"smtp-tui may not enter {title}: that needs root{who}")


def _other_applications(status: ProcessStatus, others: Sequence[ProcessHandle]) -> Iterator[str]:
    found = []
    for process in others:
        with suppress(PlaceError):
            found.append(f"{process.pid} {one_line(process.status.command)}")
    if found:
        names = ", ".join(found[:_MOST_NAMED]) + (" …" if len(found) > _MOST_NAMED else "")
        yield (
            f"{one_line(status.command)} started several processes: {names}; use --as-pid for one."
        )


def _notes(libc: str, resolver: ResolverFiles, trust: TrustStore) -> Iterator[str]:
    """Say what of the place smtp-tui does in another way."""
    if resolver.left_out:
        names = one_line(", ".join(resolver.left_out))
        yield f"smtp-tui looks names up by files and DNS there, without {names}."
    if libc == "musl":
        yield "musl asks all name servers at once; smtp-tui asks one after the other."
    if trust.runtime == "Go":
        yield "Go may look names up by itself; smtp-tui uses this machine's libc there."
