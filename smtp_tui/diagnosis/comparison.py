"""Put two sides of a check next to each other: from here, and from where the application runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.smtp.events import Stage

if TYPE_CHECKING:
    from smtp_tui.diagnosis.verdict import Verdict

DIFFERENCES = "differences.toml"
# The names in braces that a text of differences.toml may have.
NAMES = ("place", "here", "there", "host", "engine", "runtime", "variable", "count")


@record(kw_only=True)
class Difference:
    """One way in which a place differs from this machine, as it was measured.

    `here` and `there` are the two values, empty if the text says it all; `explains` is whether the
    check fails there, and not here, at its stage. `command` is the exact command that applies the
    cure or shows more, if there is one.
    """

    id: str
    stage: Stage
    what: str
    why: str
    cure: str
    command: str = ""
    here: str = ""
    there: str = ""
    explains: bool = False


@record(kw_only=True)
class PlaceSummary:
    """A place as reports name it, and what a check found there.

    `user_name` is what its own passwd file calls the user, "" if it does not. `certificates` is the
    number of authorities that its `runtime` trusts, None if unknown. `has_own_network`: it is not
    in this machine's. `settings_from` says where the settings came from if not from a file.
    """

    kind: str
    name: str
    engine: str | None
    pid: int
    command: str
    user: int
    runtime: str
    trusts: tuple[str, ...]
    certificates: int | None
    name_servers: tuple[str, ...]
    user_name: str = ""
    has_own_network: bool = True
    settings_from: str | None = None

    @property
    def label(self) -> str:
        """The place in a sentence."""
        return f"{self.kind} {self.name}"

    @property
    def root(self) -> str:
        """The path of its root folder on this machine."""
        return f"/proc/{self.pid}/root"

    @property
    def details(self) -> str:
        """What tells it from others of its name."""
        process = f"process {self.pid}"
        names = self.command if process == self.label else process
        user = f"{self.user_name} ({self.user})" if self.user_name else self.user
        return ", ".join(filter(None, (self.engine, names, f"user {user}")))


@record(kw_only=True)
class Comparison:
    """A check from a place, next to the same check from here as far as EHLO.

    `here` is None if there was no check from here; `why_not` then says why if it was wanted.
    `not_compared` says what may differ all the same.
    """

    place: PlaceSummary
    here: Verdict | None
    why_not: str = ""
    differences: tuple[Difference, ...] = ()
    not_compared: tuple[str, ...] = ()
    fails_here_too: bool = False


def difference(identity: str, kinds: Sequence[str], names: Mapping[str, str]) -> Difference:
    """Return a difference with its texts filled in.

    The first of `kinds` that has a cure of its own decides its wording.
    """
    entry: dict[str, Any] = texts_of(DIFFERENCES)[identity]
    own: dict[str, str] = next((entry[kind] for kind in kinds if kind in entry), {})
    shown = {name: escape_controls(shortened(names.get(name, ""))) for name in NAMES}
    what, why, cure = (
        # An address or a hostname keeps its spelling.
        text if template.startswith(("{here}", "{there}", "{host}")) else text[0].upper() + text[1:]
        for part in ("what", "why", "cure")
        for template in [(entry | own)[part]]
        for text in [template.format_map(shown)]
    )
    return Difference(
        id=identity,
        stage=Stage(entry["stage"]),
        what=what,
        why=why,
        cure=cure,
        here=shown["here"],
        there=shown["there"],
    )
