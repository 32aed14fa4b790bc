"""Passwords from every place but the keyring, and what is said when there is none."""

import asyncio
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.password_store import fetch_password
from smtp_tui.settings.password_sources import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    LiteralSource,
    PasswordSource,
)

ENVIRON = {"PATH": os.defpath, "PW": "from env", "EMPTY": "", "TWO": "a\nb", "RAW": "\udcff"}

# Longer than any test waits; what it starts is killed.
FOREVER = "import time; time.sleep(600)"


class SilentEnviron(dict[str, str]):
    """An environment, which holds secrets anyway, that does not show them."""

    def __repr__(self) -> str:
        return "environ"


async def fetched(
    source: PasswordSource,
    base: Path = Path("/"),
    environ: Mapping[str, str] = ENVIRON,
    limit: float = 20,
) -> str:
    return await fetch_password(source, account="me", base=base, environ=environ, limit=limit)


async def refusal(
    source: PasswordSource, base: Path = Path("/"), limit: float = 20
) -> PasswordError:
    with pytest.raises(PasswordError) as caught:
        await fetched(source, base, limit=limit)
    assert "\n" not in str(caught.value)
    return caught.value


def python(code: str) -> CommandSource:
    return CommandSource((sys.executable, "-c", code))


async def test_a_literal_password_is_itself() -> None:
    assert await fetched(LiteralSource(" p ä ")) == " p ä "


async def test_an_environment_variable() -> None:
    assert await fetched(EnvironmentSource("PW")) == "from env"


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b" secret \n", " secret "),
        ("\ufeffsäcret\n".encode(), "säcret"),
    ],
)
async def test_a_file_without_its_final_line_end(
    tmp_path: Path, content: bytes, password: str
) -> None:
    (tmp_path / "pw").write_bytes(content)
    assert await fetched(FileSource("pw"), tmp_path) == password


async def test_a_systemd_credential(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("secret")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert await fetched(FileSource("$CREDENTIALS_DIRECTORY/smtp"), environ=environ) == "secret"


@pytest.mark.parametrize("print_it", ["print('secret')", "print('secret', 'x', sep='\\r\\n')"])
async def test_the_first_line_of_a_command(print_it: str) -> None:
    assert await fetched(python(print_it)) == "secret"


async def test_a_command_runs_in_the_files_folder_with_its_environment(tmp_path: Path) -> None:
    script = tmp_path / "get"
    script.write_text('#!/bin/sh\necho "$PW $(pwd)"\n')
    script.chmod(0o700)
    assert await fetched(CommandSource(("./get",)), tmp_path) == f"from env {tmp_path}"
    assert await fetched(CommandSource(("echo", "~ $PW")), tmp_path / "absent") == "~ $PW"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (LiteralSource(""), "the password in the settings is empty"),
        (EnvironmentSource("EMPTY"), "the environment variable EMPTY is empty"),
        (FileSource("empty"), "the password file .*empty is empty"),
        (CommandSource(("true",)), "the first line printed by the command true is empty"),
        (CommandSource(("echo",)), "is empty; put the password there"),
        (AskSource(), "use --ask-password, or type it in the form"),
    ],
)
async def test_an_empty_place_is_a_missing_password(
    tmp_path: Path, source: PasswordSource, message: str
) -> None:
    (tmp_path / "empty").touch()
    error = await refusal(source, tmp_path)
    assert error.cause == "password-missing"
    assert re.search(message, str(error))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (EnvironmentSource("ABSENT"), "variable ABSENT is not set; export it"),
        (EnvironmentSource("TWO"), "contains more than one line"),
        (EnvironmentSource("RAW"), "is not UTF-8"),
        (FileSource("absent"), "absent does not exist; check the name"),
        (
            FileSource("$CREDENTIALS_DIRECTORY/x"),
            "CREDENTIALS_DIRECTORY is set only in the service",
        ),
        (FileSource("."), "cannot be read: is a directory"),
        (FileSource("big"), "larger than 64 KiB"),
        (FileSource("two"), "contains more than one line; it must be only the password"),
        (FileSource("nul"), "contains a NUL byte"),
        (FileSource("cr"), "contains a carriage return"),
        (FileSource("latin"), "is not UTF-8; store the password as UTF-8"),
        (
            CommandSource(("./absent",)),
            "cannot be run: no such file or directory; write its full path",
        ),
        (CommandSource(("./two",)), "cannot be run: permission denied"),
        (
            CommandSource(("false",)),
            "the command false failed with exit status 1 without an error message",
        ),
        (CommandSource(("sh", "-c", "kill -9 $$")), "failed with signal 9"),
        (python("print('a\\0b')"), "contains a NUL byte"),
        (python("print('x' * 70000)"), "printed more than 64 KiB"),
    ],
)
async def test_a_place_that_fails_is_named_with_the_reason(
    tmp_path: Path, source: PasswordSource, message: str
) -> None:
    (tmp_path / "big").write_bytes(b"x" * 65537)
    (tmp_path / "two").write_bytes(b"a\nb\n")
    (tmp_path / "nul").write_bytes(b"a\0b")
    (tmp_path / "cr").write_bytes(b"a\r")
    (tmp_path / "latin").write_bytes(b"\xe4")
    error = await refusal(source, tmp_path)
    assert error.cause == "password-source-failed"
    assert re.search(message, str(error))


async def test_a_file_of_others_is_not_read(
    public_folder: Path, as_ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    (public_folder / "pw").touch(mode=0o200)
    with as_ordinary_user():
        error = await refusal(FileSource("pw"), public_folder)
    assert "is not readable by this user; let only the user who runs the test read it" in str(error)


async def test_a_pipe_that_nobody_fills_is_late(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pw")
    error = await refusal(FileSource("pw"), tmp_path, limit=0.01)
    assert "could not be read within 0.01 s" in str(error)
    # Lets the waiting thread go.
    os.close(os.open(tmp_path / "pw", os.O_RDWR))


async def test_a_commands_complaint_is_quoted_safely_and_without_its_output(
    tmp_path: Path,
) -> None:
    (tmp_path / "get.py").write_text(
        "import sys\n"
        "print('s3cret')\n"
        "sys.exit('\\x1b[31mgpg: s3cret\\u202e\\nno key ' + 'x' * 9000)\n"
    )
    text = str(await refusal(CommandSource((sys.executable, "get.py")), tmp_path))
    assert "exit status 1, saying: \\x1b[31mgpg: ********\\u202e no key xxx" in text
    assert "s3cret" not in text
    assert len(text) < 400


async def test_a_short_output_hides_the_whole_complaint() -> None:
    command = CommandSource(("sh", "-c", "echo ab; echo a table about cabs >&2; exit 1"))
    assert "saying: ********;" in str(await refusal(command))


async def test_a_late_command_is_killed_with_all_it_started(tmp_path: Path) -> None:
    # Both hold the pipe open as long as they live.
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    code = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {FOREVER!r}]); {FOREVER}"
    )
    command = CommandSource(
        ("sh", "-c", f'exec 9>{pipe}; exec "$@"', "sh", sys.executable, "-c", code)
    )
    error = await refusal(command, limit=0.5)
    assert "was killed: it did not end within 0.5 s; run it by hand" in str(error)
    # On a machine too slow for the command to have begun, the pipe still needs its first writer.
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    await ended(reader)


async def test_a_cancelled_command_is_killed(tmp_path: Path) -> None:
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    command = CommandSource(("sh", "-c", f"exec 9>{pipe}; echo ready >&9; exec sleep 600"))
    task = asyncio.create_task(fetched(command))
    assert await readable(reader) == b"ready\n"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended(reader)


async def readable(descriptor: int) -> bytes:
    """Read when there is something, or the end, to be read."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(20):
            await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 100)


async def ended(descriptor: int) -> None:
    """Wait until nobody holds the other end of a pipe."""
    while await readable(descriptor):
        pass
    os.close(descriptor)


async def test_what_a_command_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "end"
    os.mkfifo(pipe)
    # The background process holds the command's output until the test lets it go.
    command = CommandSource(("sh", "-c", f"read x < {pipe} & echo secret"))
    assert await fetched(command) == "secret"
    with pipe.open("w"):
        pass


@pytest.mark.parametrize(
    "source",
    [
        FileSource("two"),
        FileSource("big"),
        FileSource("latin"),
        EnvironmentSource("TWO"),
        CommandSource(("cat", "latin")),
        CommandSource(("sh", "-c", "cat two; cat two >&2; exit 1")),
    ],
)
async def test_no_traceback_shows_the_secret(
    tmp_path: Path,
    holders: Callable[[str, BaseException], list[str]],
    source: PasswordSource,
) -> None:
    (tmp_path / "two").write_text("s3cret\ns3cret\n")
    (tmp_path / "big").write_text("s3cret" * 20000)
    (tmp_path / "latin").write_bytes(b"s3cret\xe4")
    environ = SilentEnviron(ENVIRON, TWO="s3cret\nx")
    with pytest.raises(PasswordError) as caught:
        await fetch_password(source, account="me", base=tmp_path, environ=environ, limit=20)
    assert "s3cret" not in str(caught.value)
    assert holders("s3cret", caught.value) == []
    context = caught.value.__context__
    assert context is None or "s3cret" not in repr(context) + str(context.__traceback__)
