"""`python -m tests.linear_session > tests/linear_session.txt`: the demo, line by line, recorded.

What differs from run to run is made equal: times, ports, addresses, certificates and the folder.
"""

from __future__ import annotations

import re
import sys
from functools import partial

from tests.cli.program import environment
from tests.terminal import Terminal, on_terminal

HEAD = "$ smtp-tui demo --linear\n"
# A prompt to wait for, and what is typed there.
TYPED = (
    ("1 SMTP Host [", "?"),
    ("1 SMTP Host [", ""),
    ("2 SMTP Port [", ":test"),
    ("2 SMTP Port [", ":fix"),
    ("2 SMTP Port [", ":diff"),
    ("y, b, p or Enter to go back", "y"),
    ("2 SMTP Port [", ":quit"),
)
_EQUAL = (
    (r"/[^ ]*smtp-tui-demo-\w+", "/tmp/smtp-tui-demo-x3k9w2ab"),
    (r"(?m)^ {3}\d+\.\d{3} ", "   0.012 "),
    (r"Test at \d\d:\d\d:\d\d", "Test at 16:52:31"),
    # IPv6, where there is any, may come first.
    (r"localhost resolves to .*", "localhost resolves to 127.0.0.1"),
    (r"(.* connecting to ).*\n(.* connecting to .*\n)*", r"\g<1>127.0.0.1 port 2587\n"),
    (r"connected to .*", "connected to 127.0.0.1 port 2587 from 127.0.0.1"),
    (r"port \d{4,5}\b", "port 2587"),
    (r"SMTP Port \[\d+\]", "SMTP Port [2587]"),
    (r"Testing CA #[\w-]+", "Testing CA #B2mXb0aVwMq8t1pZ"),
    (r"valid [\d-]+ to [\d-]+, \d+ days left", "valid 2026-11-28 to 2027-02-27, 89 days left"),
    (r"(?m)^( .*  )[\dA-F:]{47}:?$", r"\g<1>E3:73:CA:E7:7B:54:A6:32:FB:F7:82:94:2F:1F:52:E7:"),
)


def record() -> str:
    """Run the demo on a terminal, and return what stands on it in the end."""
    command = [sys.executable, "-m", "smtp_tui", "demo", "--linear"]
    size = 80, 200  # high enough that nothing scrolls away
    with on_terminal(
        command, environment(TERM="xterm", LC_ALL="C.UTF-8", TMPDIR="/tmp"), size
    ) as terminal:
        seen = 0
        for prompt, typed in TYPED:
            terminal.wait_until(partial(_asks, terminal, prompt, seen), prompt)
            seen = len(terminal.output)
            terminal.press(typed, "Enter")
        assert terminal.wait_for_end() == 0
        assert b"\x1b" not in terminal.output
        text = terminal.output.decode().replace("\r\n", "\n")
    for pattern, equal in _EQUAL:
        text = re.sub(pattern, equal, text)
    return text


def _asks(terminal: Terminal, prompt: str, seen: int) -> bool:
    """Whether a prompt is the last of what was written since."""
    last = terminal.output[seen:].decode("utf-8", "replace").rpartition("\n")[2]
    return last.startswith(prompt) and last.endswith(": ")


if __name__ == "__main__":
    sys.stdout.write(HEAD + record())
