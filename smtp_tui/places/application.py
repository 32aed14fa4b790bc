"""Find the process that is the application, behind a shell or an init that started it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle

# Programs that do nothing but start others, which may get more variables from them.
_LAUNCHERS = frozenset(
    (
        *("sh", "bash", "dash", "ash", "su", "sudo", "runuser"),
        *("tini", "dumb-init", "docker-init", "catatonit", "supervisord"),
        *("s6-svscan", "s6-supervise", "runsvdir", "runsv"),
    )
)
_MOST_STEPS = 8


def application_of(
    process: ProcessHandle, stack: ExitStack
) -> tuple[ProcessHandle, Sequence[ProcessHandle]]:
    """Return the application that a process is or started, and others it may be instead.

    `stack` closes them. If a launcher started several processes, the application is not known.
    """
    for _ in range(_MOST_STEPS):
        children = [stack.enter_context(child) for child in _children(process)]
        if len(children) != 1:
            return process, children
        (process,) = children
    return process, ()


def _children(process: ProcessHandle) -> Iterator[ProcessHandle]:
    """Open what a launcher has started; nothing if it is none."""
    numbers: list[int] = []
    with suppress(PlaceError):  # it has just ended
        if process.status.command in _LAUNCHERS:
            numbers = [*map(int, process.read(f"task/{process.pid}/children").split())]
    for number in numbers:
        with suppress(PlaceError):
            child = ProcessHandle(number)
            status = child.status
            # A shell's `sleep` ends soon; a number may by now be another process's.
            if status.parent == process.pid and status.command != "sleep" and not status.is_over:
                yield child
            else:
                child.close()
