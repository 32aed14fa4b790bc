"""Runs in a session of its own: keeps, renews and forgets a sign-in in the real keyring."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.store import locked, new_place, place_of, read
from tests.oauth.test_entry import entry


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")


async def main() -> None:
    place = new_place("support", "me@example.org", environ=os.environ, keyring=True)
    assert place == place_of("support", "me@example.org", base=Path("/"), environ=os.environ)
    say(place)
    try:
        say(await read(place, 15))
        async with locked(place, 15) as opened:
            await opened.write(entry())
            await opened.refuse_unwritable()
            await opened.write(replace(entry(), refresh_token="new"))
        found = await read(place, 15)
        assert found
        say(found.refresh_token)
        async with locked(place, 15) as opened:
            await opened.forget()
        say(await read(place, 15))
    except OAuthError as error:
        say(f"{error.cause}: {error}")


if "DBUS_SESSION_BUS_ADDRESS" in os.environ:
    # A lone line end is the empty password; nothing at all would make no collection.
    unlock = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
    subprocess.run(unlock, input=b"\n", stdout=subprocess.DEVNULL, check=True)
asyncio.run(main())
