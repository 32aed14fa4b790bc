"""The screen as text, in three sizes: the start, a failed test with fixes, the help.

Run as `python -m tests.screens.layouts FOLDER` to write them anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.screens.opening import opened, settle
from tests.screens.relay import Relay, running_relay
from tests.screens.scenes import SCENES, SSL_ON_587, Scene, failed, found, help_, providers
from tests.terminal import Terminal

SIZES = ((80, 24), (100, 30), (140, 40))


def start(terminal: Terminal) -> None:
    """As it opens."""
    terminal.wait_for("Not tested yet")


LAYOUTS = {
    "start": Scene(start),
    "failed": Scene(failed, SSL_ON_587),
    "help": Scene(help_),
    "found": Scene(found),
    "providers": Scene(providers),
    "domain": SCENES["domain"],
    "import": SCENES["import"],
    "export": SCENES["export"],
}
NAMES = [f"{name}-{size[0]}x{size[1]}" for name in LAYOUTS for size in SIZES]


def layout(name: str, relay: Relay, wanted: str | None = None) -> str:
    """Return what stands on the screen; where it comes to be what is wanted, at once."""
    what, _, size = name.partition("-")
    columns, rows = map(int, size.split("x"))
    scene = LAYOUTS[what]
    with opened(relay, scene.file, (columns, rows)) as terminal:
        terminal.wait_for("SMTP Host", "Quit")
        scene.way(terminal)
        while f"{terminal.text}\n" != wanted:
            if not terminal.read_for(0.5):
                break
        if wanted is None:
            settle(terminal)
        return f"{terminal.text}\n"


def main(folder: Path) -> None:
    """Write every layout."""
    with running_relay() as relay:
        for name in NAMES:
            (folder / f"{name}.txt").write_text(layout(name, relay), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
