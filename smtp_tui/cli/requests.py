"""The recipients and the message that a call names.

From a call to what is to be checked: files, tables, options and environment put together.
"""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.checks.run import CheckRequest
from smtp_tui.cli.edit import assignments
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.cli.password_prompt import asked_for, given_password
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.mailbox import Mailbox, parse_mailbox
from smtp_tui.smtp.delivery import (
    BODY,
    SUBJECT,
    MailRequest,
    parse_body,
    parse_recipients,
    parse_subject,
)

if TYPE_CHECKING:
    from smtp_tui.checks.batch import CheckTarget
    from smtp_tui.config.document import Document


_UNDECODED = "[\udc80-\udcff]"
LARGEST_BODY = 64 * 1024 * 1024
"""Characters; more is no test message."""


def mail_of(options: Namespace, *, sends: bool) -> MailRequest | None:
    """Return what to hand over, or None; UsageError when an address is none or nobody is named."""
    recipients = _recipients(options)
    sender = vars(options)["from"]
    if not recipients:
        if sends:
            raise UsageError("send needs --to ADDRESS")
        if sender:
            raise UsageError("--from needs --to ADDRESS")
        return None
    return MailRequest(
        recipients=recipients,
        sender=_sender(sender) if sender else None,
        subject=_subject(options) if sends else "",
        body=_body(options) if sends else None,
    )


def _recipients(options: Namespace) -> tuple[Mailbox, ...]:
    try:
        return tuple(mailbox for one in options.to for mailbox in parse_recipients(_decoded(one)))
    except ValueError as error:
        raise UsageError(f"--to: {error}") from None


def _sender(text: str) -> Mailbox:
    try:
        return parse_mailbox(_decoded(text))
    except ValueError as error:
        raise UsageError(f"--from: {error}") from None


def _subject(options: Namespace) -> str:
    try:
        return SUBJECT if options.subject is None else parse_subject(_decoded(options.subject))
    except ValueError as error:
        raise UsageError(f"--subject {error}") from None


def _body(options: Namespace) -> str:
    if options.body is not None:
        try:
            return parse_body(_decoded(options.body))
        except ValueError as error:
            raise UsageError(f"--body {error}") from None
    taken = options.password_stdin or options.password_fd == 0
    if taken or sys.stdin is None or sys.stdin.isatty():
        return BODY
    try:
        body = _decoded(sys.stdin.read(LARGEST_BODY + 1), sys.stdin.encoding)
        if len(body) > LARGEST_BODY:
            raise ValueError(f"is longer than {LARGEST_BODY} characters")
        return parse_body(body) or BODY
    except UnicodeDecodeError:
        raise UsageError("standard input is not in this locale's encoding") from None
    except ValueError as error:
        raise UsageError(f"standard input {error}") from None


def _decoded(text: str, encoding: str | None = None) -> str:
    """Read as UTF-8 what the locale could not decode: in the C locale, all beyond ASCII."""
    if text.isprintable():
        return text
    try:
        raw = text.encode(encoding or sys.getfilesystemencoding(), "surrogateescape")
        return raw.decode("utf-8") if re.search(_UNDECODED, text) else text
    except UnicodeError:
        return text  # it is refused where it is read


# rf


LONGEST_EXTRA = 3600.0
"""Seconds; more is a typing error."""
JOBS, MOST_JOBS = 16, 500


def is_batch(call: Invocation) -> bool:
    """Whether a call means several checks, or as many as there are."""
    return bool(call.options.all) or len(call.words) > 1


def check_request(call: Invocation) -> CheckRequest:
    """Put together the one check that a call means, its password asked for where it must be."""
    options = call.options
    over = _over(call)
    wish = _wish(call, over)
    if "host" in over and not call.words:
        for name, given in (("--table", options.table), ("--dialect", options.dialect)):
            if given:
                raise UsageError(f"{name} needs a FILE")
        request = CheckRequest(values=over, base=Path(), table="smtp", **wish)
    else:
        from smtp_tui.cli.edit import open_table  # a check without a file needs none of it

        file, document, table = open_table(call.words, options.table, options.dialect)
        wish |= _values(document, table, over)
        origin = None if "password" in over else Path(file)
        request = CheckRequest(
            base=Path(file).parent, file=file, table=table, origin=origin, **wish
        )
    return asked_for(request, ask=options.ask_password)


def read_again(call: Invocation, request: CheckRequest) -> CheckRequest:
    """Return a request with its table's values as they stand now; its password is not asked again.

    DocumentError when the file cannot be read, or the table is not in it any more.
    """
    if request.file is None:
        return request
    from smtp_tui.cli.edit import open_table

    _, document, table = open_table([request.file], request.table, call.options.dialect)
    return replace(request, **_values(document, table, _over(call)))


def check_targets(call: Invocation) -> list[CheckTarget]:
    """Put together all the checks that a call means; a file that cannot be used is one too.

    A password that the call hands over is for the tables that name no place of their own: it
    would lock the accounts of the others.
    """
    over = _over(call)
    wish = _wish(call, over)
    if call.options.all:
        if call.options.table:
            raise UsageError(
                "--table names one table and --all means every table: give only one of them"
            )
        wish["extra"] = 0.0
    return [one for file in _files(call) for one in _subjects_in(file, call, over, wish)]


def jobs_of(call: Invocation) -> int:
    """Return how many checks may run at a time."""
    jobs = JOBS if call.options.jobs is None else call.options.jobs
    if not 1 <= jobs <= MOST_JOBS:
        raise UsageError(f"--jobs needs a number, 1 to {MOST_JOBS}")
    return int(jobs)


def _subjects_in(
    file: str, call: Invocation, over: Mapping[str, object], wish: Mapping[str, Any]
) -> Iterator[CheckTarget]:
    from smtp_tui.checks.batch import CheckTarget
    from smtp_tui.cli.edit import open_file

    table: str | None = call.options.table
    try:
        document = open_file(file, named=bool(call.words), dialect=call.options.dialect)
        for table in _tables(document, call):
            wanted = {**wish, **_values(document, table, over)}
            origin = None if "password" in over else Path(file)
            request = CheckRequest(
                base=Path(file).parent, file=file, table=table, origin=origin, **wanted
            )
            has_own = "password" in request.values
            if has_own:
                request = replace(request, given=None)
            request = asked_for(request, ask=call.options.ask_password and not has_own)
            yield CheckTarget(file=file, table=table, request=request)
    except (SeveralTablesError, UsageError):
        raise
    except DocumentError as error:
        yield CheckTarget(file=file, table=table, refusal=str(error))
    except Exception as error:  # a defect that one file brings out costs the others nothing
        yield CheckTarget(file=file, table=table, defect=error)


def _values(document: Document, table: str, over: Mapping[str, object]) -> dict[str, Any]:
    """Return a table's values with others over them, and which of them the file does not say.

    Also as which application the file is read, and what there is to say about that.
    """
    from smtp_tui.cli.edit import notes_on

    values = {**document.values(table), **over}
    return {
        "values": values,
        "assumed": frozenset(values) - document.given(table) - over.keys(),
        "recognition": document.recognition,
        "notes": notes_on(document, table),
    }


def _tables(document: Document, call: Invocation) -> tuple[str, ...]:
    if call.options.all and document.tables():
        return document.tables()
    return (call.options.table or document.default_table(),)


def file_of(call: Invocation) -> str:
    """The file that a call without several means."""
    return _files(call)[0]


def _files(call: Invocation) -> tuple[str, ...]:
    from smtp_tui.config.paths import default_config

    return call.words or (str(default_config()),)


def _over(call: Invocation) -> dict[str, object]:
    """The values that go over those of a file."""
    over = assignments(call.options.set)
    if call.options.hostname is not None:
        if "host" in over:
            raise UsageError("--hostname and --set host=… mean the same: give only one of them")
        over["host"] = call.options.hostname
    if call.options.timeout is not None:
        if BY_KEY["timeout"].problem_with(call.options.timeout):
            raise UsageError("--timeout needs a number of seconds, above 0 and at most 86400")
        over["timeout"] = call.options.timeout
    return over


def _wish(call: Invocation, over: Mapping[str, object]) -> dict[str, Any]:
    """What a call wants of a check, whatever the table."""
    return {
        "mail": mail_of(call.options, sends=call.command.name == "send"),
        "given": given_password(call.options, set_by_option="password" in over),
        "allow_clear_password": call.options.allow_clear_password,
        "extra": _extra(call),
    }


def _extra(call: Invocation) -> float:
    if call.options.no_experiments:
        return 0.0
    try:
        extra = 3.0 if call.options.extra is None else float(call.options.extra)
    except ValueError:
        extra = -1.0
    if not 0 <= extra <= LONGEST_EXTRA:
        raise UsageError(f"--extra needs a number of seconds, 0 to {LONGEST_EXTRA:g}")
    return extra
