"""What a search told so far, and the rows that it makes: the best choice first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from smtp_tui.discovery.steps import Finding, ProbeResult, ProbeStarted, SearchResult, Step
from smtp_tui.discovery.texts import by_host, silent_ports
from smtp_tui.records import record


@record(kw_only=True)
class ServerRow:
    """A port at which a mail server answered, or those of a host that stay silent for one cause.

    `also` is the same port by the other kind of address.
    """

    host: str
    ports: tuple[str, ...]
    cause: str | None = None
    knock: ProbeResult | None = None
    also: ProbeResult | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What it is, whatever becomes of it while the search goes on."""
        return (self.host, self.ports) if self.knock else (self.host, self.cause)


class SearchResults:
    """Takes in the steps of one search."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.knocks: list[ProbeResult] = []
        self.ports: int | None = None
        self.result: SearchResult | None = None

    def add(self, step: Step) -> None:
        """Take in the next one."""
        match step:
            case Finding():
                self.findings.append(step)
            case ProbeStarted():
                self.ports = step.ports
            case ProbeResult():
                self.knocks.append(step)
            case SearchResult():
                self.result = step

    @property
    def entries(self) -> tuple[ServerRow, ...]:
        """The rows: what can be taken by its worth, then what stays silent."""
        taken = list(_reached(self.knocks))
        known = {(one.host, one.knock.port) for one in taken if one.knock}
        rest = [one for one in self.knocks if (one.host, one.port) not in known]
        return (*taken, *_silent(rest))


def _reached(knocks: Sequence[ProbeResult]) -> Iterator[ServerRow]:
    seen: set[tuple[str, int]] = set()
    for knock in sorted((one for one in knocks if one.is_reached), key=lambda one: one.worth):
        where = knock.host, knock.port
        if where not in seen:
            seen.add(where)
            others = (one for one in knocks if (one.host, one.port) == where and one is not knock)
            yield ServerRow(
                host=knock.host,
                ports=(str(knock.port),),
                cause=knock.cause,
                knock=knock,
                also=next(others, None),
            )


def _silent(knocks: Iterable[ProbeResult]) -> Iterator[ServerRow]:
    for host, of_host in by_host(knocks):
        for cause, ports in silent_ports(of_host):
            yield ServerRow(host=host, ports=tuple(dict.fromkeys(ports)), cause=cause)
