"""`python -m docs.pages FOLDER`: the pages of the site that the program's own data makes.

FOLDER gets a copy of `docs/*.md` besides, and is what Sphinx reads.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.tables import TABLES
from smtp_tui.diagnosis.causes import causes, texts_of
from smtp_tui.diagnosis.error_lookup.lookup import CauseOverrides, explain_error, lookup_text
from smtp_tui.settings.fields import BY_KEY

HERE = Path(__file__).parent
MOST_WORDS = 20
"""Phrases of other programs that one page lists."""
_CHOICES = re.compile(r"\{\{(\w+)\}\}")
# A pattern that stands for one text: letters, blanks and escaped marks, at least two words.
_LITERAL = re.compile(r"(?:[\w '\"/:,=<>@-]|\\[.()\[\]*+?|/]){12,}")


def write(folder: Path) -> None:
    """Write the whole source of the site into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "causes").mkdir(parents=True)
    for page in HERE.glob("*.md"):
        text = _CHOICES.sub(lambda match: TABLES[match[1]](), page.read_text("utf-8"))
        (folder / page.name).write_text(text, encoding="utf-8")
    shutil.copy(HERE.parent / "contrib/ansible/README.md", folder / "ansible.md")
    shutil.copytree(HERE.parent / "screenshots", folder / "screenshots")
    explanations = HERE.parent / "smtp_tui/settings/explanations"
    shutil.copytree(explanations, folder / "explanations")
    (folder / "explanations" / "index.md").write_text(_explanations(explanations), "utf-8")
    pages = cause_pages()
    for identity, text in pages.items():
        (folder / "causes" / f"{identity}.md").write_text(text, encoding="utf-8")
    (folder / "causes" / "index.md").write_text(_index(list(pages)), encoding="utf-8")


def cause_pages() -> dict[str, str]:
    """Return a page for each cause, and for each difference of a place, by id."""
    pages = {identity: _cause_page(identity, entry) for identity, entry in causes().items()}
    for identity, entry in texts_of("differences.toml").items():
        pages[identity] = _difference_page(identity, entry)
    return pages


def _index(identities: list[str]) -> str:
    parts = ["# Causes", "", "Each failure that smtp-tui can name has a page.", ""]
    parts += ["| id | what it is |", "| --- | --- |"]
    entries = {**causes(), **texts_of("differences.toml")}
    parts += [f"| [`{name}`]({name}.md) | {entries[name]['label']} |" for name in identities]
    return "\n".join([*parts, "", *_hidden(identities), ""])


def _explanations(folder: Path) -> str:
    intro = "The pages that the form shows beside each field, and that `smtp-tui explain` prints."
    titles = {page.stem: page.read_text("utf-8").split("\n")[0] for page in folder.glob("*.md")}
    names = [key for key in BY_KEY if key in titles]
    names += sorted(titles.keys() - {*names})
    rows = (f"- [{titles[name].lstrip('# ')}]({name}.md)" for name in names)
    return "\n".join(["# Explanations", "", intro, "", *rows, "", *_hidden(names), ""])


def _hidden(names: list[str]) -> list[str]:
    return ["```{toctree}", ":hidden:", "", *names, "```"]


def _cause_page(identity: str, entry: Mapping[str, Any]) -> str:
    texts = lookup_text(CauseOverrides(cause=identity), "…")
    what = texts.summary.replace(": ….", ".")  # the page knows no reply that could follow
    parts = [_title(entry["label"]), "", _escaped(what), ""]
    parts += ["## What it means", "", _escaped(texts.why), ""]
    parts += ["## How to see it", "", *_seen(identity), ""]
    parts += ["## How to fix it", "", _escaped(texts.cure), "", *_fixes(entry), *_fields(entry)]
    parts += _servers_words(identity)
    parts += _programs_words(identity)
    return "\n".join(parts).rstrip() + "\n"


def _difference_page(identity: str, entry: Mapping[str, Any]) -> str:
    place = {"place": "The place", "there": "VALUE", "here": "VALUE"}
    names = _Names(place)
    parts = [_title(entry["label"]), "", _escaped(entry["what"].format_map(names)), ""]
    parts += ["## What it means", "", _escaped(entry["why"].format_map(names)), ""]
    parts += ["## How to see it", ""]
    parts += ["`smtp-tui check --in CONTAINER FILE`, or `--as-unit` or `--as-pid`, compares this "]
    parts += ["machine with the place where the application runs. With `--json`, the id"]
    parts += [f"`{identity}` is in `comparison`.", "", "## How to fix it", ""]
    parts += [_escaped(entry["cure"].format_map(names)), ""]
    kinds = {"compose": "a service of a compose file", "container": "a container", "unit": "a unit"}
    for kind, named in kinds.items():
        if kind in entry:
            cure = _escaped(entry[kind]["cure"].format_map(names))
            parts += [f"For {named}: {cure}", ""]
    return "\n".join(parts).rstrip() + "\n"


def _title(label: str) -> str:
    return f"# {label[:1].upper()}{label[1:]}"


def _seen(identity: str) -> Iterator[str]:
    yield f"`smtp-tui check FILE --json` ends with the cause `{identity}`. As text, the last lines"
    yield "name it in the words above. For an error in another program's log:"
    yield from ("", "```", "smtp-tui explain --error 'THE LINE'", "```")


def _fixes(entry: Mapping[str, Any]) -> Iterator[str]:
    reasons = texts_of("fixes.toml")
    named = [reasons[name] for name in (entry.get("ask") or {}).values() if name in reasons]
    for text in dict.fromkeys(named):
        yield f"- {_escaped(text.format_map(_Names()))}"
    if named:
        yield ""
    for kind, where in (("local", "on this machine"), ("lmtp", "that speaks LMTP")):
        if cure := entry.get(kind, {}).get("cure"):
            yield f"For a server {where}: {_escaped(cure.format_map(_Names()))}"
            yield ""


def _fields(entry: Mapping[str, Any]) -> Iterator[str]:
    fields = [key for key in entry.get("faults") or {} if key in BY_KEY]
    if fields:
        listed = ", ".join(f"[`{key}`](../explanations/{key}.md)" for key in fields)
        yield f"Settings to look at: {listed}."
        yield ""


def _servers_words(identity: str) -> Iterator[str]:
    """Yield what servers reply, and what the reply then means."""
    rows = []
    for file in ("replies-of-providers.toml", "replies.toml"):
        for rule in texts_of(file)["rule"]:
            if rule.get("cause") == identity and "source" in rule:
                cure = rule.get("cure", "").format_map(_Names())
                rows.append(f"- {_escaped(rule['source'])}: {_escaped(cure or 'see above.')}")
    if rows:
        yield from (
            "## In servers' replies",
            "",
            "Where the reply was seen, and what to do then:",
            "",
        )
        yield from (*rows, "")


def _programs_words(identity: str) -> Iterator[str]:
    """Yield phrases of other programs' logs, and where they were found."""
    every = texts_of("error_lookup/errors.toml")["rule"]
    rules = [rule for rule in every if rule.get("cause") == identity]
    phrases = dict.fromkeys(word for rule in rules for word in _phrases(rule["find"]))
    known = [phrase for phrase in phrases if _means(phrase, identity)]
    known.sort(key=lambda phrase: not phrase.isascii())  # English first
    if known:
        yield from ("## In other programs' words", "")
        yield from (f"- `{phrase.strip()}`" for phrase in known[:MOST_WORDS])
        yield ""
    sources = list(dict.fromkeys(rule["source"] for rule in rules if "source" in rule))
    if sources:
        yield f"Found in: {_escaped('; '.join(sources))}."
        yield ""


def _means(phrase: str, identity: str) -> bool:
    """Whether `explain --error` gives this cause for the phrase alone."""
    explanation = explain_error(phrase)
    return explanation is not None and explanation.cause == identity


def _phrases(pattern: str) -> Iterator[str]:
    """Yield the alternatives of a pattern that are plain text."""
    start = depth = 0
    for index, letter in enumerate(pattern + "|"):
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and depth == 0:
            choice = pattern[start:index].removeprefix(r"\b").removesuffix(r"\b")
            start = index + 1
            if " " in choice and _LITERAL.fullmatch(choice):
                yield re.sub(r"\\(.)", r"\1", choice)


class _Names(dict[str, str]):
    """Names in braces that only a check fills in, in capitals as elsewhere in the manual."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        super().__init__(known or texts_of("error_lookup/words.toml")["names"])

    def __missing__(self, name: str) -> str:
        return "…" if name in ("detail", "reply") else name.upper().replace("_", "-")


def _escaped(text: str) -> str:
    """Return text in which Markdown sees no markup but code, and HTML none at all."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"([\\*_<>\[\]#])", r"\\\1", parts[index])
    return "`".join(parts)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
