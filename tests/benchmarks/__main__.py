"""Run the benchmarks and print what came of them; status 1 where a bound is not held."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks import one, records, relays, trips
from tests.benchmarks.calls import Unable
from tests.benchmarks.results import Result
from tests.servers.daemon import ServerError
from tests.servers.mail import MailServers, running_mail_servers

BENCHMARKS: dict[str, Callable[[MailServers], Iterator[Result]]] = {
    "one": one.results,
    "relays": relays.results,
    "trips": trips.results,
    "records": records.results,
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
    """Run those that are named, or all."""
    score = Score()
    with running_mail_servers() as servers:
        for name in names or BENCHMARKS:
            try:
                for result in BENCHMARKS[name](servers):
                    score.take(result)
            except Unable as reason:
                sys.stdout.write(f"{name}: not measured, {reason}\n")
    return 0 if score.ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServerError as error:
        sys.exit(f"not measured: {error}")
