"""What every test shares: real servers, and no way to the user's own files and keyring."""

from __future__ import annotations

import gc
import signal
import subprocess
from collections import Counter
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import keyring.core
import pytest
from hypothesis import settings

from smtp_tui.checks import jsonlines
from tests.events import validate, validate_all
from tests.patience import patient_clock

_HOMES = count()

# Files that take a minute with few tests. Of the others, those with many tests take longest.
_LONGEST = (
    "test_no_secret_anywhere.py",
    "test_debian_package.py",
    "test_release.py",
    "test_walk.py",
    "test_newcomer.py",
    "test_as_mta_networks.py",
    "test_wheel.py",
    "test_layouts.py",
)

# A busy machine is no defect. What fails once in `make test` fails again; `make integration` tries
# cases that no run before has tried.
settings.register_profile("same-cases", deadline=None, derandomize=True)
settings.register_profile("new-cases", deadline=None)
settings.load_profile("same-cases")

pytest_plugins = ["tests.servers.fixtures"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by a long text, as newer versions of pytest do.

    pytest puts the name into the environment, and with that no program would start any more.
    """
    return argname if isinstance(val, str | bytes) and len(val) > 100 else None


def pytest_configure() -> None:
    """Let Ctrl+C end the programs under test: a shell takes it from what it starts with `&`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long: begun last, it would run alone in the end."""
    if hasattr(config, "workerinput"):
        counts = Counter(item.path for item in items)
        items.sort(key=lambda item: (item.path.name not in _LONGEST, -counts[item.path]))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what stays for ever: thousands of tests and their modules."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Keep the collector off all that.

    What tests leave is collected less often than usual: each round takes a hundredth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


@pytest.fixture(autouse=True, scope="session")
def patience() -> Iterator[None]:
    """Count no time in which other programs kept this one from running."""
    with patient_clock():
        yield


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home of its own, without the user's settings, keyring or bus."""
    home = tmp_path_factory.getbasetemp() / f"home-{next(_HOMES)}"  # mktemp reads all the others
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SMTP_TUI_CONFIG", "SMTP_TUI_PASSWORD", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them, and they win over a terminal's size
        monkeypatch.delenv(name, raising=False)
    # The library chooses once in each process, among the classes of other tests too.
    backend = keyring.core.load_keyring("keyring.backends.fail.Keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return home


@pytest.fixture(autouse=True, scope="session")
def valid_events() -> Iterator[None]:
    """Hold every JSON line to the schema: one that is made here, and one that a program prints."""
    make, communicate = jsonlines.named_line, subprocess.Popen.communicate

    def checked(*parts: Any) -> str:
        line = make(*parts)
        validate(line)
        return line

    def heard(*parts: Any, **more: Any) -> Any:
        told = communicate(*parts, **more)
        validate_all(told[0])
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonlines, "named_line", checked)
        patch.setattr(subprocess.Popen, "communicate", heard)
        yield
