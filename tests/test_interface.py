"""What other programs use, pinned: what goes or changes is seen, what comes is free.

`interface.txt` holds it, a line for each name, field, option and status. After a change that is
meant, `python -m tests.test_interface` writes it again; CHANGELOG.md then says what to do.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
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

KEPT = Path(__file__).with_name("interface.txt")
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


def test_nothing_that_programs_use_has_gone_or_changed() -> None:
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    now = set(interface())
    lost = [line for line in kept if line not in now]
    assert not lost, "name it in CHANGELOG.md, then run: python -m tests.test_interface"


def test_each_exported_name_is_pinned_with_its_signature() -> None:
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    new = set(names_and_signatures()).difference(kept)
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


if __name__ == "__main__":
    KEPT.write_text("\n".join([*interface(), ""]), encoding="utf-8")
