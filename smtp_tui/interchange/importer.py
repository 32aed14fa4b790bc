"""Detect the format of another program's text and import its settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoFileError, NotExpressibleError
from smtp_tui.config.file_reader import decode_text, read_document
from smtp_tui.interchange import envfile
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.spec import (
    FormatEvidence,
    FormatSpec,
    ImportAccountError,
    Imported,
    ImportNote,
    ImportSource,
    InterchangeError,
    QuotingError,
    format_named,
    formats,
    text,
)
from smtp_tui.records import record


@record
class ImportedFile:
    """A file's name and text, and those of its companions; `problems` lists unreadable ones."""

    name: str
    content: str = field(repr=False)
    beside: Mapping[str, str] = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()


def read_file(path: Path, format: str | None = None) -> ImportedFile:
    """Read a file and its companions; DocumentError if it is no file or no text."""
    content = decode_text(read_document(path), path)
    beside, problems = {}, []
    for name in companions(content, format, path.name):
        try:
            beside[name] = read_document(path.with_name(name)).decode("utf-8", "replace")
        except NoFileError:
            continue
        except DocumentError as error:
            problems.append(str(error))
    return ImportedFile(path.name, content, beside, tuple(problems))


LARGEST = 1024 * 1024
"""Characters; a longer text is no settings file, and which part counts is unknown."""

# The reader of a Python program's `.env` file.
_ENV_QUOTING = "python"

_MOST_COMPANIONS = 4  # each is read from the disk

# An assignment in an `.env` file, or in Python source with or without a type; a short word after
# it is its value.
_ASSIGNED = re.compile(
    r"""^[ \t]*+(?:export[ \t]++)?+(?P<name>[A-Za-z_][A-Za-z0-9_]*+)[ \t]*+(?::[^=\n]{1,100})?
    =(?!=)[ \t]*+['"]?+(?P<word>[a-z]{1,5}\b)?+""",
    re.MULTILINE | re.VERBOSE,
)

# The same word in a variable's value.
_WORD = re.compile(r"[a-z]{1,5}\b")


def candidates(content: str, name: str = "") -> dict[str, str]:
    """Return the formats that a text may have, each with the evidence."""
    return {form: evidence.words for form, evidence in evidence_in(content, name).items()}


def evidence_in(content: str, name: str = "") -> dict[str, FormatEvidence]:
    """Return the formats that a text may have, each with the evidence and how sure it is."""
    if name.endswith(".toml"):
        return {}
    content = content[:LARGEST].removeprefix("\ufeff")
    names: dict[str, None] = {}
    for match in _ASSIGNED.finditer(content):
        names |= {match["name"]: None, f"{match['name']}={match['word']}": None}
    found = {form.name: form.evidence(content, names, name) for form in formats().values()}
    return _strongest(found, names)


def _strongest(
    found: Mapping[str, FormatEvidence | None], names: Collection[str]
) -> dict[str, FormatEvidence]:
    known = {name: evidence for name, evidence in found.items() if evidence}
    # With the server in another program's variable, those that have none are guesses.
    if any(not format_named(name).hosts.isdisjoint(names) for name in known):
        known = {
            name: replace(evidence, is_guess=True)
            if _lacks_host(name, evidence, names)
            else evidence
            for name, evidence in known.items()
        }
    less = {other for name in known for other in format_named(name).over}
    return {
        name: evidence
        for name, evidence in known.items()
        if name not in less and not any(other.outdoes(evidence) for other in known.values())
    }


def _lacks_host(name: str, evidence: FormatEvidence, names: Collection[str]) -> bool:
    hosts = format_named(name).hosts
    return bool(evidence.known and hosts) and hosts.isdisjoint(names)


def recognise(content: str, name: str = "") -> tuple[FormatSpec, str]:
    """Return a text's format, and why; InterchangeError if no single one fits."""
    only, why = _only(evidence_in(content, name))
    return format_named(only), why


def recognise_to_change(content: str, name: str) -> tuple[FormatSpec, str]:
    """Return the format of a file that may set no mail yet, and why; else as `recognise`."""
    content = content[:LARGEST].removeprefix("\ufeff")
    if not evidence_in(content, name):
        for form in formats().values():
            if form.has_begun(content, name):
                return form, text("own-file", name=name)
    return recognise(content, name)


def _only(found: Mapping[str, FormatEvidence]) -> tuple[str, str]:
    match [*found]:
        case [only] if found[only].is_sure:
            return only, found[only].words
        case []:
            raise InterchangeError(text("not-recognised"))
        case several:
            raise InterchangeError(text("ambiguous", formats=", ".join(several)))


def recognise_variables(
    variables: Iterable[Assignment], image: str = ""
) -> dict[str, FormatEvidence]:
    """Return the formats that an environment's variables may have, each with the evidence.

    A container's image decides between formats that share their names.
    """
    variables = [*variables]
    names: dict[str, None] = {}
    for entry in variables:
        word = _WORD.match(entry.value) if isinstance(entry.value, str) else None
        names |= {entry.name: None, f"{entry.name}={word[0] if word else None}": None}
    found = {
        form.name: _carried(form, variables) if form.carrier else form.variable_evidence(names)
        for form in formats().values()
        if form.takes_variables
    }
    of_image = {name: found[name] for name in found if format_named(name).runs_in(image)}
    return _strongest(of_image if any(of_image.values()) else found, names)


def _carried(form: FormatSpec, variables: Iterable[Assignment]) -> FormatEvidence | None:
    """Return the evidence for a format whose file may be the value of a variable."""
    values = [entry.value for entry in variables if entry.name == form.carrier]
    return form.evidence(values[-1], ()) if values and isinstance(values[-1], str) else None


def import_variables(
    variables: Mapping[str, object] | Iterable[Assignment], format: str | None = None
) -> Imported:
    """Import a process's or container's variables as raw values, as `import_text` does a text.

    A value may hold line ends. InterchangeError if the variables fit no single format.
    """
    if isinstance(variables, Mapping):
        variables = [Assignment(name, value) for name, value in variables.items()]
    entries = tuple(variables)
    if format is None:
        name, why = _only(recognise_variables(entries))
        form = format_named(name)
    else:
        form, why = format_named(format), text("format-named")
    if not form.takes_variables:
        raise InterchangeError(text("no-variables", format=form.title))
    # Nobody reads the environment of a process with the quoting of a file.
    source = ImportSource("", "docker", entries=_by_keys(form, entries))
    imported: Imported = form.code("read")(source, form).done()
    return replace(imported, why=why)


def _by_keys(form: FormatSpec, entries: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """Name variables after the keys of the format's file, if it has one."""
    if not form.prefixes:
        return tuple(entries)
    read = form.code("read_variable")
    return tuple(
        replace(read(entry), name=form.key_of(entry.name))
        for entry in entries
        if not entry.name or entry.name.startswith(form.prefixes)
    )


def import_text(
    content: str,
    format: str | None = None,
    *,
    name: str = "",
    quoting: str | None = None,
    beside: Mapping[str, str] | None = None,
    account: str | None = None,
) -> Imported:
    """Import a text as raw values, and list what was not understood.

    `name` is the file's name, `beside` has its companions' texts by name, `account` selects one of
    several accounts. InterchangeError if the text is not in the format, or in no known one.
    """
    if len(content) > LARGEST:
        raise InterchangeError(text("too-large", limit=LARGEST >> 20))
    if is_compose(content, name):
        service: Imported = _of_compose().import_service(content, format, account, beside or {})
        return service
    named = (format_named(format), text("format-named")) if format else None
    form, why = named or recognise(content, name)
    if quoting and not form.takes_quoting:
        raise QuotingError(text("no-quoting", format=form.name))
    if account is not None and not form.has_accounts:
        raise ImportAccountError(text("no-accounts", format=form.title))
    is_explicit = bool(quoting) or name.endswith(".env") or name.startswith(".env")
    if form.may_be_env and not quoting and (is_explicit or envfile.is_env(content)):
        quoting = _ENV_QUOTING
    entries = None
    if form.has_variables(content):
        entries = _by_keys(form, envfile.read(content, quoting or "docker"))
    source = ImportSource(content, quoting, beside or {}, account, entries)
    imported: Imported = form.code("read")(source, form).done()
    remarks = imported.remarks
    if quoting and not is_explicit:
        remarks = (ImportNote("", text("read-as-env", quoting=quoting)), *remarks)
    return replace(imported, why=why, remarks=remarks)


_SERVICES = re.compile(r"^services[ \t]*+:", re.MULTILINE)


def is_compose(content: str, name: str) -> bool:
    """Whether a text is a compose file, by its name and its services."""
    return (not name or name.endswith((".yaml", ".yml"))) and bool(_SERVICES.search(content))


def _of_compose() -> Any:
    # Loads PyYAML, which no other text needs.
    return import_module("smtp_tui.interchange.compose.recognition")


def companions(content: str, format: str | None = None, name: str = "") -> tuple[str, ...]:
    """Return the names of files in the same folder that hold part of the settings."""
    if is_compose(content, name):
        # Only files in the same folder: their names stand for them.
        files = [file for file in _of_compose().companions(content) if file.strip(".")]
        return tuple([file for file in files if "/" not in file][:_MOST_COMPANIONS])
    known = formats()
    names: list[str] = []
    for form in [known[one] for one in ((format,) if format else candidates(content, name))]:
        names += form.next_to
        for pattern in form.companions:
            found = re.finditer(pattern, content, re.MULTILINE)
            names += [match["path"].rpartition("/")[2] for match in found]
    usable = [name for name in names if name.isprintable() and name not in ("", ".", "..")]
    return tuple([*dict.fromkeys(usable)][-_MOST_COMPANIONS:])


_ENCRYPTION_KEYS = ("encryption", "starttls_auto")
_PROTECTING = frozenset(
    {"encryption", "starttls_auto", "openssl_verify_mode", "ca_file", "tls_minimum"}
    | {"tls_fingerprint", "server_name", "client_certificate", "client_key", "authentication"}
)


@record
class InexpressibleSettings:
    """Settings that the file's application cannot express, and why."""

    keys: tuple[str, ...]
    why: str

    @property
    def protects(self) -> bool:
        """Whether mail or password may be less protected without them."""
        return not _PROTECTING.isdisjoint(self.keys)


@record
class ExpressibleValues:
    """The values that a table can hold, and those that were left out."""

    values: dict[str, Any] = field(repr=False)
    left_out: tuple[InexpressibleSettings, ...] = ()


def fitting(
    document: Document, table: str, values: Mapping[str, Any], *, create: bool = False
) -> ExpressibleValues:
    """Leave out what the file cannot express; NotExpressibleError if that is the host."""
    left, left_out = dict(values), []
    while True:
        try:
            document.changed(table, left, create=create)
        except NotExpressibleError as error:
            blamed = _ENCRYPTION_KEYS if error.key in _ENCRYPTION_KEYS else (error.key,)
            keys = tuple(key for key in blamed if key in left)
            if not keys or "host" in keys:
                raise
            for key in keys:
                del left[key]
            left_out.append(InexpressibleSettings(keys, str(error)))
        else:
            return ExpressibleValues(left, tuple(left_out))
