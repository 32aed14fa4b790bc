"""Run the benchmarks and print what came of them; status 1 where a bound is not held."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from tests.benchmarks import crowd, files, one, records, relays, trips, tui
from tests.benchmarks.calls import Unable
from tests.benchmarks.results import Result
from tests.servers.daemon import ServerError
from tests.servers.mail import MailServers, running_mail_servers

ON_SERVERS: dict[str, Callable[[MailServers], Iterator[Result]]] = {
    "one": one.results,
    "relays": relays.results,
    "trips": trips.results,
}
ALONE: dict[str, Callable[[], Iterator[Result]]] = {
    "crowd": crowd.results,
    "records": records.results,
    "files": files.results,
    "tui": tui.results,
}


@dataclass
class Score:
    """Whether every bound was held."""

    ok: bool = True

    def take(self, result: Result) -> None:
        """Print a result."""
        self.ok = self.ok and result.ok
        sys.stdout.write(f"{result}\n")
        sys.stdout.flush()


def main(names: list[str]) -> int:
    """Run those that are named, or all; servers run only for those that need them."""
    score = Score()
    wanted = names or [*ON_SERVERS, *ALONE]
    if unknown := [name for name in wanted if name not in (*ON_SERVERS, *ALONE)]:
        sys.stdout.write(f"no such benchmark: {', '.join(unknown)}\n")
        return 2
    with ExitStack() as stack:
        if any(name in ON_SERVERS for name in wanted):
            servers = stack.enter_context(running_mail_servers())
        for name in wanted:
            try:
                found = ALONE[name]() if name in ALONE else ON_SERVERS[name](servers)
                for result in found:
                    score.take(result)
            except Unable as reason:
                sys.stdout.write(f"{name}: not measured, {reason}\n")
    return 0 if score.ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServerError as error:
        sys.exit(f"not measured: {error}")
