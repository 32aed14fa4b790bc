"""`python -m docs.pages FOLDER`: the pages of the site that the program's own data makes.

FOLDER gets a copy of `docs/*.md` besides, and is what Sphinx reads.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from docs.tables import TABLES
from smtp_tui.diagnosis.cause_pages import CausePage, PartKind, cause_page, page_labels
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.schema import TOPICS, explanation

HERE = Path(__file__).parent
_CHOICES = re.compile(r"\{\{(\w+)\}\}")
# What becomes a link: a setting, a section of an RFC, an issue, and an address.
_REFERENCE = re.compile(
    r"`(?P<code>[^`]*)`|RFC (?P<rfc>\d{3,5})(?:, section (?P<section>\d+(?:\.\d+)*))?"
    r"|(?P<repository>[\w.-]+/[\w.-]+)#(?P<issue>\d+)|https?://[^\s;,()]*[^\s;,().]"
)
_INDEX = """Each failure that smtp-tui can name has a page, and so has each warning.
`smtp-tui explain ID` prints the same page, and `smtp-tui explain --causes` this list.
If you have a message of another program, `smtp-tui explain --error 'THE LINE'` finds the cause.
On the pages, words in capitals stand for your own: HOST is your server, USERNAME your login."""


def write(folder: Path) -> None:
    """Write the whole source of the site into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for page in HERE.glob("*.md"):
        text = _CHOICES.sub(lambda match: TABLES[match[1]](), page.read_text("utf-8"))
        (folder / page.name).write_text(text, encoding="utf-8")
    shutil.copy(HERE.parent / "contrib/ansible/README.md", folder / "ansible.md")
    shutil.copytree(HERE.parent / "screenshots", folder / "screenshots")
    _write_pages(folder / "causes", "Causes", _index(), cause_pages())
    explained = {name: explanation(name) for name in (*BY_KEY, *TOPICS)}
    _write_pages(folder / "explanations", "Explanations", _explanations(explained), explained)


def _write_pages(folder: Path, title: str, index: str, pages: Mapping[str, str]) -> None:
    """Write pages that their index lists: in the menu of each page, nobody would find one."""
    folder.mkdir()
    (folder / "index.md").write_text(index, encoding="utf-8")
    for name, text in pages.items():
        heading, _, body = text.partition("\n")
        lines = ["---", "orphan: true", "---", heading, "", f"[{title}](index.md) / `{name}`", body]
        (folder / f"{name}.md").write_text("\n".join(lines), encoding="utf-8")


def cause_pages() -> dict[str, str]:
    """Return a page for each cause, difference and warning, by id."""
    return {name: _cause(cause_page(name)) for names in page_labels().values() for name in names}


def _index() -> str:
    parts = ["# Causes", "", _INDEX]
    for title, labels in page_labels().items():
        parts += ["", f"## {title}", "", "| what it is | id |", "| --- | --- |"]
        parts += [f"| [{label}]({name}.md) | `{name}` |" for name, label in labels.items()]
    return "\n".join([*parts, ""])


def _explanations(pages: Mapping[str, str]) -> str:
    intro = "The pages that the form shows next to each field, and that `smtp-tui explain` prints."
    titles = {name: text.split("\n")[0].lstrip("# ") for name, text in pages.items()}
    rows = (f"| [{title}]({name}.md) | `{name}` |" for name, title in titles.items())
    head = ("| what it explains | name |", "| --- | --- |")
    return "\n".join(["# Explanations", "", intro, "", *head, *rows, ""])


def _cause(page: CausePage) -> str:
    lines = [f"# {page.title}"]
    previous = None
    for part in page.parts:
        if part.kind is not PartKind.ITEM or previous is not PartKind.ITEM:
            lines.append("")
        previous = part.kind
        match part.kind:
            case PartKind.HEADING:
                lines.append(f"## {part.text}")
            case PartKind.TEXT:
                lines.append(_linked(part.text))
            case PartKind.SOURCE:
                lines.append(_linked(part.text, _readable))
            case PartKind.ITEM:
                lines.append(f"- {_linked(part.text)}")
            case PartKind.LINES:
                lines += ["```text", part.text, "```"]
    return "\n".join(lines) + "\n"


def _linked(text: str, named: Callable[[str], str] = str) -> str:
    """Return text with its references as links, in which Markdown sees no other markup but code.

    `named` gives the words for an address; without it, the address stands there to be copied.
    """
    parts: list[str] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts += [_escaped(text[end : match.start()]), _link(match, named)]
        end = match.end()
    return "".join([*parts, _escaped(text[end:])])


def _link(match: re.Match[str], named: Callable[[str], str]) -> str:
    words = match[0]
    if match["code"] is not None:
        return (
            f"[{words}](../explanations/{match['code']}.md)" if match["code"] in BY_KEY else words
        )
    if match["rfc"]:
        place = f"#section-{match['section']}" if match["section"] else ""
        return f"[{words}](https://www.rfc-editor.org/rfc/rfc{match['rfc']}{place})"
    if match["issue"]:
        return (
            f"[{_escaped(words)}](https://github.com/{match['repository']}/issues/{match['issue']})"
        )
    return f"[{_escaped(named(words))}](<{words}>)"


def _readable(address: str) -> str:
    """Return the words for a link: the site, and what its last part says."""
    parts = urlsplit(address)
    last = parts.path.rstrip("/").rpartition("/")[2].removesuffix(".html").removesuffix(".htm")
    if last.count("-") > 1:
        return f"{parts.netloc}: {last.replace('-', ' ')}"
    return f"{parts.netloc}{parts.path}".rstrip("/")


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_<>\[\]#`~|])", r"\\\1", text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
