"""Runs alone: stores one sign-in after the other, and says so, until it is killed."""

import asyncio
import os
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

from smtp_tui.oauth.store import locked, place_of
from tests.oauth.test_entry import entry


async def main(path: str) -> None:
    place = place_of(path, "me", base=Path("/"), environ=os.environ)
    for number in count():
        async with locked(place, 30) as opened:
            # Of another length each time, so that half a file would not parse.
            refresh = f"{number}-" + "x" * (number * 997 % 20_000)
            await opened.write(replace(entry(), refresh_token=refresh))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


asyncio.run(main(sys.argv[1]))
