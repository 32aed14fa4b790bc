"""Runs in a session of its own: stores, fetches and forgets a password in the real keyring."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.keyring_backend import forget_entry, keyring_state
from smtp_tui.config.password_store import fetch_password, store_password
from smtp_tui.settings.password_sources import KeyringSource

SERVICE, ACCOUNT = "smtp", "me@example.org"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def fetched() -> str:
    return await fetch_password(
        KeyringSource(SERVICE), account=ACCOUNT, base=Path("/"), environ=os.environ, limit=15
    )


async def main() -> int:
    say(f"state: {await keyring_state()}")
    try:
        await store_password(SERVICE, ACCOUNT, "s3cret ü")
    except PasswordError as error:
        say(str(error))
        return 4
    say("stored")
    say(f"fetched: {await fetched()}")
    await forget_entry(SERVICE, ACCOUNT)
    say("forgotten")
    try:
        await fetched()
    except PasswordError as error:
        say(str(error))
    return 0


if "DBUS_SESSION_BUS_ADDRESS" in os.environ:
    # A lone line end is the empty password; nothing at all would make no collection.
    unlock = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
    subprocess.run(unlock, input=b"\n", stdout=subprocess.DEVNULL, check=True)
sys.exit(asyncio.run(main()))
