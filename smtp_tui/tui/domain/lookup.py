"""Whom the form asks for names in DNS, and about what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from smtp_tui.records import record

if TYPE_CHECKING:
    from smtp_tui.discovery.resolver import Resolver


def system_resolver() -> Resolver:
    """Return what asks the system's name servers; its library is loaded when it is first wanted."""
    from smtp_tui.discovery.resolver import Resolver

    return Resolver()


@record(kw_only=True)
class Lookup:
    """How names are looked up.

    `is_alone`: nobody outside this machine is ever asked, as in the demo. `by_itself`: a test that
    passed asks about the sender's domain without a key. `selectors` are those of DKIM keys.
    """

    resolver: Callable[[], Resolver] = system_resolver
    by_itself: bool = True
    selectors: tuple[str, ...] = ()
    is_alone: bool = False
