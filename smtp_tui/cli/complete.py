"""Shell completion: `smtp-tui completion` prints a script that runs `smtp-tui __complete`.

A shell runs `smtp-tui __complete SHELL NUMBER WORD…` with all words of the line; word NUMBER is
being typed and may be empty. The first line of the answer names what else the shell should do:
offer files (`files`; `toml`: .toml files first), add no space (`nospace`), or nothing (`words`).
Each other line is a whole candidate word, with its description after a tab.

An answer takes 60 ms of CPU: 13 for Python's start, 25 for dataclasses and argparse (`python -X
importtime -m smtp_tui __complete bash 1 ""`). Static scripts answered in 2 ms, but were 1,000
lines in three shell languages, regenerated for each release.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from smtp_tui.checks.exit_status import PASSED
from smtp_tui.cli.commands import COMMANDS, FORM, OPTIONS, CommandLineOption, Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.terminal import print_lines
from smtp_tui.config.paths import default_config
from smtp_tui.lazy import load
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.schema import TOPICS

SHELLS = ("bash", "zsh", "fish")

# Candidate words and their descriptions.
Candidates = dict[str, str]

_PLACES = ("keyring", "keyring=", "file=", "env=", "literal", "ask")
_NAMES_OF_CONTAINERS = ("--format", "{{.Names}}")
_UNITS = ("systemctl", "list-unit-files", "--type=service", "--no-legend", "--no-pager")
# A table header, as --table accepts it; a TOML parser would reject an unfinished file.
_TABLE = re.compile(r"[ \t]*\[(?P<many>\[?)[ \t]*(?P<path>[^\]]*?)[ \t]*\]")
_LARGEST = 1024 * 1024


def completion(call: Invocation) -> int:
    """Print a shell's completion script."""
    shell = call.words[0]
    if shell not in SHELLS:
        raise UsageError(f"completion needs {', '.join(SHELLS[:-1])} or {SHELLS[-1]}")
    print_lines(script(shell))
    return PASSED


def script(shell: str) -> str:
    """Return a shell's completion script, which stays valid when commands change."""
    return Path(__file__).with_name(f"completion.{shell}").read_text("utf-8")


def complete(call: Invocation) -> int:
    """Print the candidates at the cursor."""
    shell, number, *words = call.words
    kind, candidates = answer(words, int(number), with_short=shell == "fish")
    current = (*words, "")[int(number) - 1]
    # zsh and fish match words as their users have chosen, but fish would also offer options
    # that merely contain the typed letters.
    shown = [
        f"{escape_controls(word)}\t{'' if shell == 'bash' else meaning}".rstrip()
        for word, meaning in candidates.items()
        if word.startswith(current) or not (shell == "bash" or current.startswith("-"))
    ]
    # fish does not sort (`complete -k`), so that settings files stay first.
    print("\n".join([kind, *(sorted(shown) if shell == "fish" else shown)]))
    return PASSED


def answer(
    words: Sequence[str], number: int, *, with_short: bool = False
) -> tuple[str, Candidates]:
    """Return what the shell should do (see above) and the candidates for word `number`."""
    before, current = words[: number - 1], (*words, "")[number - 1]
    name, count, option = _parse_line(before)
    command = next((spec for spec in COMMANDS if spec.name == name), FORM)
    flag, sign, typed = current.partition("=")
    if option:
        return _values(option.of_command(name).metavar, current, words)
    if current.startswith("--") and sign:
        metavars = [option.of_command(name).metavar for option in OPTIONS if option.flag == flag]
        kind, candidates = _values(metavars[0] if metavars else "", typed, words)
        return kind, {f"{flag}={word}": meaning for word, meaning in candidates.items()}
    if current.startswith("-"):
        candidates = {
            flag: option.of_command(name).help
            for option in OPTIONS
            if option.name in command.options
            for flag in (option.flags if with_short else (option.flag,))
        }
        return "words", {**candidates, "--help": "show the help"}
    if command is FORM and not count:
        return "toml", {spec.name: spec.summary for spec in COMMANDS}
    arguments = command.arguments
    repeated = [argument for argument in arguments[-1:] if "…" in argument]
    metavar = [*arguments[count:], *repeated, ""][0].strip("[]…")
    kind, candidates = _values(metavar, current, words)
    # Arguments name settings files; options may name any.
    return "toml" if metavar == "FILE" else kind, candidates


def _parse_line(words: Sequence[str]) -> tuple[str, int, CommandLineOption | None]:
    """Return a line's command, its number of arguments, and an option that awaits a value."""
    names = {spec.name for spec in COMMANDS}
    with_value = {flag: option for option in OPTIONS if option.metavar for flag in option.flags}
    name, count, awaiting = "", 0, None
    for word in words:
        if awaiting:
            awaiting = None
        elif word in with_value:
            awaiting = with_value[word]
        elif word in names and not name and not count:
            name = word
        elif not word.startswith("-"):
            count += 1
    return name, count, awaiting


def _values(metavar: str, typed: str, words: Sequence[str]) -> tuple[str, Candidates]:
    """Return the kind and the candidates for a metavar in the line `words`."""
    match metavar.rstrip("…"):
        case "FILE" | "FILE|-" | "FOLDER":
            return "files", {}
        case "KEY=VALUE":
            return _assignments(typed)
        case "KEY":
            values = {key: field.label for key, field in BY_KEY.items()}
            if "explain" in words[:1]:
                values |= {**TOPICS, **load("cli.cause_page:cause_labels")()}
        case "PATH":
            values = _tables(words)
        case "UNIT":
            values = _units()
        case "CONTAINER":
            values = _containers()
        case "FORMAT":
            values = load("interchange.spec:descriptions")()
        case "STYLE":
            values = dict.fromkeys(load("interchange.spec:QUOTINGS"), "")
        case "NAME":
            folder = load("config.dialects.detect:user_dialects_folder")()
            headers, _ = load("config.dialects.detect:all_headers")(folder)
            values = {header.name: header.application for header in headers}
            values[load("config.dialects.spec:PLAIN")] = "the keys of no application"
        case "ID":
            values = {provider.id: provider.name for provider in load("providers:providers")()}
        case "PLACE":
            values = dict.fromkeys(_PLACES, "")
        case choices:  # in capitals: a number, an address or free text
            values = {word: "" for word in choices.split("|") if word and word == word.lower()}
    return "words", values


def _assignments(typed: str) -> tuple[str, Candidates]:
    key, sign, _ = typed.partition("=")
    if not sign:
        return "nospace", {f"{key}=": field.label for key, field in BY_KEY.items()}
    if key not in BY_KEY:
        return "words", {}
    field = BY_KEY[key]
    choices = tuple(map(str, field.choices)) if field.kind is FieldKind.CHOICE else ()
    if field.kind is FieldKind.SWITCH:
        choices = ("true", "false")
    return "words", {f"{key}={value}": field.label for value in choices}


def _tables(words: Sequence[str]) -> Candidates:
    """Return the tables of the line's last TOML file, or of the default file."""
    paths = [Path(word).expanduser() for word in words if word.endswith(".toml")]
    path = next((path for path in reversed(paths) if path.is_file()), default_config())
    tables = Candidates()
    seen: Counter[str] = Counter()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST).splitlines() if path.is_file() else []
    except OSError:
        return tables
    for header in filter(None, map(_TABLE.match, lines)):
        table = header["path"]
        if header["many"]:
            tables[f"{table}[{seen[table]}]"] = ""
            seen[table] += 1
        else:
            tables[table] = ""
    return tables


def _containers() -> Candidates:
    names = Candidates()
    for engine in load("places.containers:ENGINES"):
        try:
            output = load("places.programs:run_program")((engine, "ps", *_NAMES_OF_CONTAINERS))
        except load("places.errors:PlaceError"):  # this one is not installed
            continue
        names |= dict.fromkeys(output.split(), engine)
    return names


def _units() -> Candidates:
    try:
        units: str = load("places.programs:run_program")(_UNITS)
    except load("places.errors:PlaceError"):  # no systemd here
        return {}
    return {line.split()[0]: "" for line in units.splitlines() if line.strip()}
