"""What other programs use, pinned: what goes or changes needs a line in CHANGELOG.md.

`interface.txt` holds a line for each name, field, option and status, below the version that first
had it. `python -m tests.test_interface` adds what is new, and takes nothing away: a line stays when
what it names has gone, and CHANGELOG.md then says, below "Changed for programs", what to do. Only
what no release had can be deleted by hand. `python -m tests.test_interface 1.2.0` closes the lines
of that release with their checksum.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from inspect import get_annotations
from pathlib import Path
from typing import Any

import smtp_tui
from smtp_tui import api
from smtp_tui.checks.exit_status import BY_STAGE, DEFECT, NEGATIVE, PASSED, USAGE
from smtp_tui.checks.jsonlines import VERSION, schema
from smtp_tui.checks.recording import NAMES, RecordedCheck
from smtp_tui.checks.recording import VERSION as RECORDING_VERSION
from smtp_tui.cli.commands import COMMANDS, FORM, HELP_TEXTS, OPTIONS
from smtp_tui.diagnosis.causes import causes
from smtp_tui.settings.fields import FIELDS
from smtp_tui.smtp import events
from smtp_tui.smtp.replies import Reply
from tests.table import table

KEPT = Path(__file__).with_name("interface.txt")
CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"
NEXT = "not released"
# For the program itself.
OWN = {"Verdict.facts", "Recording.diagnosed"}


def names_and_signatures() -> Iterator[str]:
    """The names that `smtp_tui` exports."""
    for name in api.__all__:
        found = getattr(smtp_tui, name)
        assert found is getattr(api, name)
        kind = "" if not inspect.isfunction(found) else str(inspect.signature(found))
        yield f"python {name}{kind}"


def of_python() -> Iterator[str]:
    """The names that `smtp_tui` exports, and the fields of its records."""
    yield from names_and_signatures()
    for record in (smtp_tui.Verdict, smtp_tui.Fix, smtp_tui.Recording, Reply, RecordedCheck):
        yield from fields_of(record)
    for kind in events.Event.__args__:
        yield from fields_of(kind)


def fields_of(record: Any) -> Iterator[str]:
    """The fields of a record with their types, and its properties."""
    assert is_dataclass(record)
    assert isinstance(record, type)
    types = {
        name: kind for each in record.mro()[:-1] for name, kind in get_annotations(each).items()
    }
    for field in fields(record):
        if f"{record.__name__}.{field.name}" not in OWN:
            yield f"python {record.__name__}.{field.name}: {types[field.name]}"
    for name, found in vars(record).items():
        if isinstance(found, property) and f"{record.__name__}.{name}" not in OWN:
            assert found.fget
            yield f"python {record.__name__}.{name}: {found.fget.__annotations__['return']}"


def of_json() -> Iterator[str]:
    """The keys of each line of `check --json`, and of the first line of a recording."""
    yield f"json version {VERSION}"
    yield f"recording version {RECORDING_VERSION}"
    yield from (f"recording line {name}" for name in NAMES)
    for line, described in schema()["$defs"].items():
        yield from (f"json {line}.{path}" for path in keys_of(described))


def keys_of(described: dict[str, Any]) -> Iterator[str]:
    """The paths of all keys that a schema describes."""
    for key, inner in described.get("properties", {}).items():
        yield key
        yield from (f"{key}.{path}" for path in keys_of(inner))
    for inner in described.get("anyOf", ()):
        yield from keys_of(inner)
    if "items" in described:
        yield from keys_of(described["items"])


def of_command_line() -> Iterator[str]:
    """The commands with their arguments and options, and the exit statuses."""
    usages = {option.name: option for option in OPTIONS}
    for command in (FORM, *COMMANDS):
        yield f"command {command.words}"
        for name in command.options:
            option = usages[name].of_command(command.name)
            yield f"option {command.name or 'form'} {option.usage}"
    yield from (f"status {name} {status}" for name, status in BY_STAGE.items())
    for name, status in (("passed", PASSED), ("negative", NEGATIVE), ("usage", USAGE)):
        yield f"status {name} {status}"
    yield f"status defect {DEFECT}"
    yield from (f"nagios {status}" for status in HELP_TEXTS["nagios"])


def of_texts() -> Iterator[str]:
    """The settings, and the ids that programs compare with."""
    yield from (f"setting {field.key}" for field in FIELDS)
    yield from (f"stage {stage}" for stage in events.Stage)
    yield from (f"cause {cause}" for cause in causes())
    yield from (f"warning {warning}" for warning in events.WarningId)


def interface() -> list[str]:
    """The whole interface, in order and each line once."""
    lines = [*of_python(), *of_json(), *of_command_line(), *of_texts()]
    return sorted(set(lines))


def kept() -> dict[str, list[str]]:
    """The pinned lines by the heading above them: a version with its checksum, or NEXT."""
    blocks = re.split(r"^# (.+)\n", KEPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert not blocks[0]
    return {
        heading: lines.splitlines()
        for heading, lines in zip(blocks[1::2], blocks[2::2], strict=True)
    }


def heading_of(version: str, lines: Iterable[str]) -> str:
    """A version with the checksum of what it was the first to have."""
    return f"{version} sha256 {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def called(line: str) -> str:
    """What the changelog calls a pinned line by: the line without types, arguments and usage."""
    name = re.split("[(:]", line)[0].split()
    return " ".join(name[: 3 if name[0] in {"option", "recording"} else 2])


def explained(changelog: str) -> set[str]:
    """The names below "Changed for programs" that are followed by what to do."""
    sections = re.findall(
        r"^### Changed for programs\n(.*?)(?=^##|\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    rows = re.findall(r"^- `([^`]+)`:\s+\w+", "".join(sections), re.MULTILINE)
    return {" ".join(row.split()) for row in rows}


def unexplained(blocks: dict[str, list[str]], now: Iterable[str], changelog: str) -> list[str]:
    """The names of what has gone or changed, and no section after its release says so."""
    left = set(now)
    missing: set[str] = set()
    for heading, lines in blocks.items():
        since, _, _ = changelog.partition(f"\n## {heading.split()[0]} (")
        missing |= {called(line) for line in lines if line not in left} - explained(since)
    return sorted(missing)


def test_what_has_gone_or_changed_is_in_the_changelog() -> None:
    missing = unexplained(kept(), interface(), CHANGELOG.read_text(encoding="utf-8"))
    assert not missing, "say it in CHANGELOG.md: ### Changed for programs, - `NAME`: WHAT TO DO"


SECTION = "# Changelog\n\n## 2.0.0 (unreleased)\n\n### Changed for programs\n\n"


@table(
    "line, changelog, missing",
    [
        ("option get --old WORD", "", ["option get --old"]),
        ("option get --old WORD", SECTION + "- `option get --old`: use `--new`.\n", []),
        ("option get --old WORD", SECTION + "- `option set --old`: -\n", ["option get --old"]),
        ("option get --old WORD", SECTION + "- `option get --old`:\n", ["option get --old"]),
        ("cause old", "### News\n\n- `cause old`: another section.\n", ["cause old"]),
        ("cause old", SECTION + "### Other\n\n- `cause old`: too late.\n", ["cause old"]),
        ("python check(old) -> 'Verdict'", SECTION + "- `python check`: leave old out.\n", []),
        ("python Verdict.old: str", SECTION, ["python Verdict.old"]),
        ("json verdict.tls.old", SECTION + "- `json verdict.tls.old`:\n  read new.\n", []),
        ("status old 7", SECTION, ["status old"]),
        ("recording line old", SECTION, ["recording line old"]),
        ("command get FILE", SECTION, []),
        ("cause old", SECTION + "## 1.0.0 (-)\n\n- `cause old`: 1.\n", ["cause old"]),
    ],
)
def test_a_change_without_its_line_is_found(line: str, changelog: str, missing: list[str]) -> None:
    now = ["command get FILE", "cause new", "python check(new) -> 'Verdict'", "status old 8"]
    assert unexplained({heading_of("1.0.0", [line]): [line]}, now, changelog) == missing
    assert unexplained({NEXT: [line]}, now, changelog.partition("## 1.0.0")[0]) == missing


def test_no_two_pinned_lines_are_called_the_same() -> None:
    assert len(set(map(called, interface()))) == len(interface())


def test_what_a_release_had_is_not_deleted() -> None:
    for heading, lines in kept().items():
        if heading != NEXT:
            assert heading == heading_of(heading.split()[0], lines), "put the lines back"


def test_pinning_adds_and_takes_nothing_away() -> None:
    released = {heading_of("1.0.0", ["cause a", "cause b"]): ["cause a", "cause b"]}
    pinned = updated({**released, NEXT: ["cause c"]}, ["cause a", "cause d"])
    assert pinned == {**released, NEXT: ["cause c", "cause d"]}
    closed = updated(pinned, ["cause a", "cause d"], "1.1.0")
    assert closed == {
        **released,
        heading_of("1.1.0", ["cause c", "cause d"]): ["cause c", "cause d"],
    }


def test_each_exported_name_is_pinned_with_its_signature() -> None:
    pinned = [line for lines in kept().values() for line in lines]
    new = set(names_and_signatures()).difference(pinned)
    assert not new, "run: python -m tests.test_interface"


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import smtp_tui, sys; print(*(name for name in sys.modules if 'smtp' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "smtp_tui\n"


def test_what_is_exported_is_what_the_interface_has() -> None:
    assert set(smtp_tui.__all__) == {*api.__all__, "__version__"}
    assert set(smtp_tui.__all__) <= set(dir(smtp_tui))
    assert smtp_tui.__doc__
    for name in api.__all__:
        found = getattr(api, name)
        if inspect.isfunction(found):
            assert found.__doc__, name


def updated(
    blocks: dict[str, list[str]], now: Iterable[str], release: str = ""
) -> dict[str, list[str]]:
    """The pinned lines and what is new, as those of a release where one is named."""
    released = {heading: lines for heading, lines in blocks.items() if heading != NEXT}
    known = {line for lines in released.values() for line in lines}
    new = sorted({*blocks.get(NEXT, ()), *now} - known)
    return {**released, heading_of(release, new) if release else NEXT: new}


if __name__ == "__main__":
    written = updated(kept(), interface(), *sys.argv[1:])
    lines = [row for heading, block in written.items() for row in (f"# {heading}", *block)]
    KEPT.write_text("\n".join([*lines, ""]), encoding="utf-8")
