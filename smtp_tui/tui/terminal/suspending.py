"""Going to the shell and coming back, where there is a shell that can bring the program back."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from textual.app import App

NO_SHELL = "There is no shell here to suspend to; {leave} quits."


def has_shell() -> bool:
    """Whether a shell watches over this job: a session's first program is nobody's job.

    So it is with `ssh -t host smtp-tui`, and in a container. Stopped there, it could not go on.
    """
    return os.getpgrp() != os.getsid(0)


def stop_job(app: App[Any]) -> None:
    """Give the terminal back and stop the whole job; return when it is in the foreground again.

    Whoever started the program, like `make` or a script, is of the same job and must stop too.
    """
    with app.suspend():
        shell = os.getppid()
        os.killpg(0, signal.SIGSTOP)
        while os.getppid() == shell and not _is_in_front():  # `bg` goes on, without the terminal
            os.kill(os.getpid(), signal.SIGSTOP)


def _is_in_front() -> bool:
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp() if sys.__stdin__ else True
    except OSError:  # the line is lost: go on, to heed the signal that says so
        return True
