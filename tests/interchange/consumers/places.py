"""Where .ci/run puts the applications, and what a test needs of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.spec import InterchangeError
from tests.interchange.awkward import HANDMADE
from tests.interchange.catching_server import Caught
from tests.servers.requirements import require

HERE = Path(__file__).parent
FEW = HANDMADE[1::5]
"""For programs that are started anew for each."""

UNPACKED = Path("/opt/smtp-tui-senders")
NODE_MODULES = Path("/opt/smtp-tui-consumers/node_modules")


def unpacked(package: str) -> Path:
    """The folder of a Debian package that is unpacked beside the system."""
    return needed(UNPACKED / package)


def needed(path: Path) -> Path:
    """A path without which the test is skipped, or fails where the servers are a must."""
    require(None if path.exists() else f"{path} is not there")
    return path


def stays_in_namespace() -> None:
    """Skip the test where no file system can be laid over a folder of the machine."""
    done = subprocess.run(("unshare", "-m", "true"), check=False, capture_output=True)
    require("this machine allows no mount namespaces" if done.returncode else None)


def written(
    name: str, server: Caught, passwords: Sequence[str] = HANDMADE, **more: Any
) -> dict[str, str]:
    """An export for each password that fits, for a login at the server."""
    login = {"host": "127.0.0.1", "port": server.port, "encryption": "none", "username": "al ice"}
    texts = {}
    for password in passwords:
        try:
            whole = {**login, **more, "password": password}
            texts[password] = export_text(name, whole, with_password=True).text
        except InterchangeError:
            continue
    assert len(texts) > len(passwords) // 2
    return texts


def logged_in(server: Caught, passwords: Iterable[str]) -> None:
    """Check that the server got each password once, in this order."""
    wanted = [("al ice", password) for password in passwords]
    assert server.logins == wanted
