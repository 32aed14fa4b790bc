"""Fetch a domain's MTA-STS policy, and hold the names of its mail servers to it (RFC 8461)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from smtp_tui.discovery.dns import DnsAnswerState, Resolver
from smtp_tui.records import record
from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from smtp_tui.web.https import WebError, request

PORT = 443
_PATH = "/.well-known/mta-sts.txt"
_MODES = ("enforce", "testing", "none")
# Seconds of a year with some more days, the most that a policy may last (section 3.2).
_LONGEST = 31557600
_RECORD = re.compile(r"v=STSv1[ \t]*;(?:[^;]*;)*?[ \t]*id=([A-Za-z0-9]{1,32})[ \t]*(?:;.*)?")
# Servers of a policy that are kept; each address is held to all of them.
_MOST_NAMES = 100


@record(kw_only=True)
class StsPolicy:
    """A policy: its mode, patterns of its servers' names, and seconds; `id` is the record's."""

    mode: str
    mx: tuple[str, ...]
    max_age: int
    id: str

    @property
    def is_enforced(self) -> bool:
        """Whether senders must obey it."""
        return self.mode == "enforce"

    def allows(self, host: str) -> bool:
        """Whether a server's name matches; `*.` stands for one label (section 4.1)."""
        name = host.casefold().removesuffix(".")
        return any(
            name.partition(".")[2] == pattern[2:] if pattern.startswith("*.") else name == pattern
            for pattern in self.mx
        )


@record
class StsFailure:
    """A domain that announces a policy which no sender can use; `id` names the text."""

    id: str
    detail: str = ""

    @property
    def text(self) -> str:
        """Why senders cannot use the policy, in a sentence."""
        return _texts()[self.id].format(detail=self.detail)


@cache
def _texts() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


async def fetch_policy(
    domain: str,
    resolver: Resolver,
    *,
    limit: float = 10.0,
    network: Network = THIS_MACHINE,
    ca_file: str | None = None,
) -> StsPolicy | StsFailure | None:
    """Return a domain's policy, or why senders cannot use it; None if it announces none."""
    answer = await resolver.ask(f"_mta-sts.{domain}", "TXT")
    if answer.state is DnsAnswerState.FAILED:
        return StsFailure("dns")
    records = [text for text in answer.records if re.match(r"v=STSv1[ \t]*;", text)]
    if len(records) != 1:  # several count as none (section 3.1)
        return StsFailure("records") if records else None
    found = _RECORD.fullmatch(records[0])
    if found is None:
        return StsFailure("record")

    async def find(host: str) -> tuple[str, ...]:
        return (await resolver.addresses(host)).records

    port = "" if PORT == 443 else f":{PORT}"
    try:
        reply = await request(
            f"https://mta-sts.{domain}{port}{_PATH}",
            limit=limit,
            redirects=0,  # section 3.3
            network=network,
            find=find,
            ca_file=ca_file,
        )
    except WebError as error:
        return StsFailure("unreachable", str(error))
    if reply.status != 200:
        return StsFailure("redirect" if 300 <= reply.status < 400 else "status", str(reply.status))
    try:
        return parse_policy(reply.body.decode("utf-8"), found[1])
    except UnicodeDecodeError:
        return StsFailure("malformed", "it is not text")
    except ValueError as error:
        return StsFailure("malformed", str(error))


def parse_policy(text: str, id_: str = "") -> StsPolicy:
    """Read a policy (section 3.2); ValueError names the fault."""
    values: dict[str, str] = {}
    names: list[str] = []
    for line in re.split(r"\r?\n", text):  # LF too: erratum 6253
        key, sign, value = line.partition(":")
        if not sign and line.strip():
            raise ValueError("a line has no colon")
        if key == "mx":
            names.append(value.strip().casefold())
        elif sign:
            values.setdefault(key, value.strip())
    if values.get("version") != "STSv1":
        raise ValueError("version is not STSv1")
    mode, age = values.get("mode", ""), values.get("max_age", "")
    if mode not in _MODES:
        raise ValueError("mode is not enforce, testing or none")
    if not re.fullmatch(r"[0-9]{1,10}", age) or int(age) > _LONGEST:
        raise ValueError(f"max_age is not a number of seconds up to {_LONGEST}")
    if not names and mode != "none":
        raise ValueError("it names no mx")
    return StsPolicy(mode=mode, mx=tuple(names[:_MOST_NAMES]), max_age=int(age), id=id_)
