"""The texts of screens, messages and documents: no word that reads as if translated."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.diagnosis.test_language import AVOIDED, leaves
from tests.table import table

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "smtp_tui"
TABLES = (
    "diagnosis/causes.toml",
    "diagnosis/egress.toml",
    "diagnosis/warnings.toml",
    "diagnosis/differences.toml",
    "checks/equivalents.toml",
    "checks/jsonlines.toml",
    "discovery/texts.toml",
    "discovery/domain.toml",
    "discovery/dane.toml",
    "discovery/mta_sts.toml",
    "discovery/demands.toml",
    "discovery/blocklists.toml",
    "checks/senders.toml",
    "interchange/texts.toml",
    "tui/texts.toml",
)
DOCUMENTS = (
    "README.md", "CHANGELOG.md", "SECURITY.md", "man/smtp-tui.1",
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
)  # fmt: skip


def texts() -> Iterator[tuple[str, str]]:
    """Every text that this test reads, with its place."""
    for name in TABLES:
        yield from leaves(tomllib.loads((PROGRAM / name).read_text(encoding="utf-8")), name)
    for path in sorted((PROGRAM / "config" / "dialects").glob("*.toml")):
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        told = {part: table[part] for part in ("limits", "notes") if part in table}
        yield from leaves(told, path.name)
    for name in DOCUMENTS:
        yield name, (ROOT / name).read_text(encoding="utf-8")


TEXTS = dict(texts())


@table("words", AVOIDED)
def test_no_word_reads_as_if_translated(words: str) -> None:
    found = [
        place for place, text in TEXTS.items() if re.search(words, re.sub("`[^`]*`", "", text))
    ]
    assert not found, f"say {AVOIDED[words]}"
