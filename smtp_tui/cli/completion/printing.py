"""`smtp-tui completion SHELL`: a script that completes the command line in a shell."""

from __future__ import annotations

from smtp_tui.checks.exit_status import PASSED
from smtp_tui.cli.output import print_line
from smtp_tui.cli.parser import Invocation, UsageError

SHELLS = ("bash", "zsh", "fish")


def completion(call: Invocation) -> int:
    """Print the script of the shell that a call names."""
    for line in script(call.words[0]).rstrip("\n").split("\n"):
        print_line(line)
    return PASSED


def script(shell: str) -> str:
    """Return the script of a shell; UsageError where there is none."""
    match shell:
        case "bash":
            from smtp_tui.cli.completion.bash import bash_script

            return bash_script()
        case "zsh":
            from smtp_tui.cli.completion.zsh import zsh_script

            return zsh_script()
        case "fish":
            from smtp_tui.cli.completion.fish import fish_script

            return fish_script()
        case _:
            raise UsageError(f"completion needs {', '.join(SHELLS[:-1])} or {SHELLS[-1]}")
