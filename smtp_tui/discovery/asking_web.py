"""Asking a domain's web servers for its autoconfig file, when that is wanted."""

from __future__ import annotations

import asyncio

from smtp_tui.discovery.asking import Tell
from smtp_tui.discovery.autoconfig import NotReadable, places_in, urls
from smtp_tui.discovery.https import NotFetched, fetch
from smtp_tui.discovery.places import Place
from smtp_tui.discovery.resolver import Resolver
from smtp_tui.discovery.subject import Subject
from smtp_tui.discovery.together import together


async def web_places(
    subject: Subject, resolver: Resolver, ca_file: str | None, seconds: float, tell: Tell
) -> tuple[Place, ...]:
    """Return the places of the first file that names any, all asked at once for `seconds`."""

    async def ask(url: str) -> tuple[Place, ...] | str:
        try:
            async with asyncio.timeout(seconds):
                return places_in(await fetch(url, resolver, ca_file), subject)
        except (NotFetched, NotReadable) as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"

    asked = urls(subject.name)
    for url, found in zip(asked, await together(*map(ask, asked)), strict=True):
        if found and not isinstance(found, str):
            for place in found:
                tell("autoconfig", place, url=url, host=place.host, port=place.port)
            return found
        tell("autoconfig-none", url=url, trouble=found or "it names no server for outgoing mail")
    return ()
