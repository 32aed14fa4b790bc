"""Where tests run: in this program's own shell, or where an application runs."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, aclosing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.side_by_side import run as run_from_place
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import recognise_variables
from smtp_tui.places.cgroup import control_group_of
from smtp_tui.places.containers import ENGINES, Container, running_containers
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.place import Place, PlaceKind, open_place
from smtp_tui.places.process import PROC, ProcessHandle, parse_environment
from smtp_tui.places.programs import ProgramError, ProgramMissing
from smtp_tui.places.units import running_units
from smtp_tui.places.users import MOST_BYTES, USERS_FILE, user_text, users_in
from smtp_tui.records import record
from smtp_tui.smtp.events import Event
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.check_request import (
    ChosenPlace,
    PlaceRefusedError,
    Runner,
    typed_process,
)

_MOST_PROCESSES = 5000
_NO_PROOF = "smtp-tui proves the arrival only of messages from here: choose Test from, then here."
_MAIL = (b"SMTP", b"MAIL")
# They hold a container's namespaces or watch over it, and send no mail.
_HELPERS = frozenset(("catatonit", "conmon", "pause", "slirp4netns", "pasta", "aardvark-dns"))
_SHORT_ID = 12  # characters, as docker and podman show an ID


@record
class FoundPlaces:
    """The places where tests can run, and why some may be missing."""

    places: tuple[ChosenPlace, ...]
    problems: tuple[str, ...] = ()


def find_places() -> FoundPlaces:
    """Return what runs here; it waits for other programs.

    Processes with mail variables come first, then services and containers.
    """
    containers, problems = _containers()
    units = _units()
    # A main process stands for the whole, and this program is the shell.
    known = {os.getpid(), *(each.pid for each in containers), *units.values()}
    names = {each.id: each.name for each in containers}
    with_mail, others = _processes(known, names)
    return FoundPlaces(
        (
            *with_mail,
            *(ChosenPlace("unit", name, f"process {pid}") for name, pid in units.items()),
            *(_container(each) for each in containers),
            *others,
        ),
        tuple(problems),
    )


def _containers() -> tuple[list[Container], list[str]]:
    found: list[Container] = []
    problems = []
    for engine in ENGINES:
        try:
            found += running_containers(engine)
        except ProgramMissing:
            continue
        except ProgramError as error:
            problems.append(as_sentence(error))
    return found, problems


def _container(container: Container) -> ChosenPlace:
    image = f", {one_line(container.image, 60)}" if container.image else ""
    about = f"{container.engine}, process {container.pid}{image}"
    return ChosenPlace("container", f"{container.engine}:{container.name}", about)


def _units() -> dict[str, int]:
    with suppress(ProgramError):  # most often there is no systemd
        return {unit.name: unit.main_pid for unit in running_units() if unit.main_pid}
    return {}


def _processes(
    known: set[int], containers: Mapping[str, str]
) -> tuple[list[ChosenPlace], list[ChosenPlace]]:
    """Return other processes: those with mail variables, and the rest by name."""
    pids = sorted(int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    with_mail, others = list[ChosenPlace](), list[tuple[bool, str, ChosenPlace]]()
    for pid in pids[:_MOST_PROCESSES]:
        if pid in known:
            continue
        with suppress(PlaceError), ProcessHandle(pid) as process:
            # The kernel's threads have no command line; in memfd are helpers of container engines.
            if not process.command_line or _is_helper(process):
                continue
            place, is_shared = _process(process, containers)
            if _has_mail_variables(process):
                with_mail.append(replace(place, about=f"{place.about}, with mail variables"))
            else:
                others.append((is_shared, process.status.command.casefold(), place))
    # Those with a network of their own are the likelier ones.
    others.sort(key=lambda each: each[:2])
    return with_mail, [place for *_, place in others]


def _is_helper(process: ProcessHandle) -> bool:
    """Whether a process is a container's init or pause program, or runs from memory alone."""
    with suppress(PlaceError):  # of other users
        if process.link("exe").startswith("/memfd:"):
            return True
    return process.status.command in _HELPERS


def _has_mail_variables(process: ProcessHandle) -> bool:
    """Whether some program would read SMTP settings in its variables."""
    with suppress(PlaceError):  # of other users
        data = process.read("environ")
        if any(word in data for word in _MAIL):  # most processes have none
            variables = parse_environment(data).variables.items()
            return bool(recognise_variables(Assignment(*pair) for pair in variables))
    return False


def _process(process: ProcessHandle, containers: Mapping[str, str]) -> tuple[ChosenPlace, bool]:
    # Never its arguments: they may hold a password.
    status, group = process.status, control_group_of(process)
    is_shared = True
    with suppress(PlaceError):
        is_shared = process.shares("net")
    container = containers.get(group.container, group.container[:_SHORT_ID])
    parts = [
        one_line(status.command, 40),
        f"user {_user(process, status.uid)}",
        f"container {one_line(container, 60)}" if container else one_line(group.unit, 60),
        "" if is_shared else "its own network",
    ]
    about = ", ".join(filter(None, parts))
    return ChosenPlace("process", str(process.pid), about), is_shared


def _user(process: ProcessHandle, uid: int) -> str:
    """Return the user of a process that sees this machine's files by its name; else by its number.

    Other root folders are not read for a list: one of them may hang.
    """
    with suppress(PlaceError):
        if process.link("root") == "/" and process.shares("mnt"):
            return user_text(_own_users().get(uid, ""), uid)
    return str(uid)


@cache
def _own_users() -> Mapping[int, str]:
    try:
        with Path(USERS_FILE).open("rb") as file:
            return users_in(file.read(MOST_BYTES))
    except OSError:
        return {}


def runner_from(chosen: ChosenPlace) -> Runner:
    """Return what runs checks from a place; PlaceRefusedError if it cannot be used."""

    async def run_there(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        if request.prove:
            raise PlaceRefusedError(_NO_PROOF)
        with ExitStack() as stack:

            def open_it() -> Place:
                return stack.enter_context(open_place(PlaceKind(chosen.kind), chosen.word))

            try:
                place = await in_daemon_thread(open_it)
            except PlaceError as error:
                advice = f" Run: {error.command}" if error.command else ""
                raise PlaceRefusedError(f"{as_sentence(error)}{advice}") from None
            async with aclosing(run_from_place(_request_there(request, place))) as updates:
                async for update in updates:
                    yield update

    return run_there


def _request_there(request: CheckRequest, place: Place) -> CheckRequest:
    """Return the request from a place; a file that others can write names none of its variables.

    For its other places of a password, the form has asked already.
    """
    password = request.values.get("password")
    names_variable = isinstance(password, dict) and "env" in password
    origin = Path(request.file) if names_variable and request.file else request.origin
    return replace(request, place=place, origin=origin)


def matching(places: Sequence[ChosenPlace], words: str) -> list[ChosenPlace]:
    """Return the places whose names contain all words; one with just this name alone.

    The process of a number is one of them, listed or not.
    """
    wanted = words.casefold().split()
    exact = [place for place in places if words in (place.word, place.name)]
    found = exact or [place for place in places if all(word in place.searched for word in wanted)]
    return [*typed_process(words, found), *found]
