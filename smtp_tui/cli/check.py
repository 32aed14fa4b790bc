"""`smtp-tui check`: test, print dialogue and verdict."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.jsonlines import json_line
from smtp_tui.checks.run import Request, run
from smtp_tui.checks.status import exit_status
from smtp_tui.cli.options import Call, UsageError
from smtp_tui.cli.values import assignments, given_password
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.transcript import lines_of

if TYPE_CHECKING:
    from smtp_tui.diagnosis.verdict import Verdict


def check(call: Call) -> int:
    """Run one check and return its exit status."""
    request = request_of(call)
    verdict = asyncio.run(_tell(request, as_json=call.options.json, quiet=call.options.quiet))
    return exit_status(verdict)


def request_of(call: Call) -> Request:
    """Put together what is to be checked, from file, options and environment."""
    options = call.options
    over = assignments(options.set)
    if options.timeout is not None:
        over["timeout"] = options.timeout
    secret = given_password(options, set_by_option="password" in over)
    shared = {
        "secret": secret,
        "allow_clear_password": options.allow_clear_password,
        "extra": _extra(call),
    }
    if "host" in over and not call.words:
        if options.table:
            raise UsageError("--table needs a FILE")
        return Request(values=over, base=Path.cwd(), **shared)
    from smtp_tui.cli.opening import open_table  # a check without a file needs none of it

    file, document, table = open_table(call.words, options.table)
    values = {**document.values(table), **over}
    return Request(
        values=values, base=Path(file).absolute().parent, file=file, table=table, **shared
    )


def _extra(call: Call) -> float:
    if call.options.no_experiments:
        return 0.0
    try:
        extra = 3.0 if call.options.extra is None else float(call.options.extra)
    except ValueError:
        extra = -1.0
    if not 0 <= extra <= 3600:
        raise UsageError("--extra takes seconds, 0 to 3600")
    return extra


async def _tell(request: Request, *, as_json: bool, quiet: bool) -> Verdict:
    from smtp_tui.diagnosis.verdict import Verdict

    async with aclosing(run(request)) as told:
        async for one in told:
            if as_json:
                line = json_line(one, request.file, request.table)
                if line is not None and (isinstance(one, Verdict) or not quiet):
                    print(line, flush=True)
            elif isinstance(one, Verdict):
                print_verdict(one)
            elif not quiet:
                for row in lines_of(one):
                    print(printable(str(row)), flush=True)
            if isinstance(one, Verdict):
                return one
    raise AssertionError("a check ends with a verdict")


def print_verdict(verdict: Verdict) -> None:
    """Print the outcome in words: what happened, why, and what to do."""
    if verdict.ok:
        print(printable(f"PASSED in {verdict.seconds:.2f} s: {verdict.summary}"))
        return
    print(printable(f"FAILED at {verdict.stage} ({verdict.cause}): {verdict.summary}"))
    for text in (verdict.why, verdict.cure):
        print(printable(f"  {text}"))


def printable(text: str) -> str:
    """Make a text safe for standard output, whatever it and its encoding are."""
    encoding = sys.stdout.encoding or "ascii"
    return visible(text).encode(encoding, "backslashreplace").decode(encoding)
