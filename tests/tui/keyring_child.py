"""Runs in a session of its own: the form moves a password into the real keyring, and back."""

import asyncio
import subprocess
import sys
from pathlib import Path

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.keyring_backend import fetch_entry
from tests.tui.driving import SAMPLE, form_on

SECRET = "hunter2hunter2"
SERVICE, ACCOUNT = "smtp-tui mail.example.net", "tickets@example.net"


async def main(folder: Path) -> None:
    async with form_on(SAMPLE, folder, has_own_keyring=True) as hand:
        await hand.go_to("Kept in")
        await hand.press("k", "f2")
        await hand.until(lambda: "Moved the password to the keyring" in hand.screen)
        assert SECRET not in hand.file.read_text("utf-8")
        assert await fetch_entry(SERVICE, ACCOUNT) == SECRET
        sys.stdout.write("moved\n")
        await hand.go_to("SMTP Username")
        await hand.press("ctrl+u", "o", "p", "s", "f2")
        await hand.until(lambda: "Move it" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: "Saved SMTP Username" in hand.screen)
        assert await fetch_entry(SERVICE, "ops") == SECRET
        try:
            await fetch_entry(SERVICE, ACCOUNT)
        except PasswordError:
            sys.stdout.write("followed\n")
        await hand.go_to("Kept in")
        await hand.press("t", "f2")
        await hand.until(lambda: "Saved SMTP Password" in hand.screen)
        assert f'password = "{SECRET}"' in hand.file.read_text("utf-8")
        sys.stdout.write("came back\n")


# A lone line end is the empty password; nothing at all would make no collection.
unlock = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
subprocess.run(unlock, input=b"\n", stdout=subprocess.DEVNULL, check=True)
asyncio.run(main(Path(sys.argv[1])))
