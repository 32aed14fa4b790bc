"""The README and the pages of docs/: they speak of what is there, and the site has no dead link."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.pages import cause_pages, write
from docs.tables import TABLES
from smtp_tui.cli.commands import COMMANDS
from smtp_tui.diagnosis.cause_pages import page_labels
from smtp_tui.diagnosis.causes import texts_of
from tests.diagnosis.examples import known_causes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")}
CAUSES = cause_pages()


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) <= 200
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).is_file(), link


def test_every_command_is_in_the_manual() -> None:
    named = set(re.findall(r"smtp-tui (\w+)", "\n".join([README, *PAGES.values()])))
    assert {command.name for command in COMMANDS} <= named


def test_the_readme_names_only_commands_and_options_that_there_are() -> None:
    table = README.partition("| you want to | command | read |")[2].partition("\n\n")[0]
    of_commands = {command.name: command.options for command in COMMANDS}
    cells = re.findall(
        r"`([^`]+)`", "".join(re.findall(r"^\|[^|]*\|([^|]*)\|", table, re.MULTILINE))
    )
    assert len(cells) > 20
    for words in cells:
        name, *options = words.removeprefix("smtp-tui").split() or [""]
        known = of_commands[name] if name else ()
        for option in options:
            assert not option.startswith("-") or option[2:].replace("-", "_") in known, words


def test_every_page_is_reached_from_the_readme_and_the_start_page() -> None:
    for name in PAGES.keys() - {"index.md"}:
        assert f"](docs/{name})" in README, name
        assert f"]({name})" in PAGES["index.md"], name


def test_every_table_has_its_place() -> None:
    named = re.findall(r"\{\{(\w+)\}\}", "\n".join(PAGES.values()))
    assert sorted(named) == sorted(TABLES)


def test_every_cause_and_warning_has_its_page_and_every_page_its_cause() -> None:
    others = ("differences.toml", "warnings.toml")
    assert CAUSES.keys() == known_causes().union(*map(texts_of, others))
    assert [*page_labels()["Other"]] == ["internal-error"]


@pytest.mark.parametrize("identity", CAUSES)
def test_a_page_says_what_how_and_why(identity: str) -> None:
    text = CAUSES[identity]
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    assert parts[1:7:2] == ["What it means", "How to see it", "How to fix it"]
    assert all(part.strip() for part in parts)
    assert not re.search(r"(?<!\$)\{[a-z_]*\}", re.sub(r"`[^`\n]*`", "", text))


def test_a_place_without_a_name_stands_right_in_its_sentence() -> None:
    assert "\nIn the place, HOST is the place itself: " in CAUSES["place-own-loopback"]
    assert "\nThe place has no network: " in CAUSES["place-no-network"]
    assert not [name for name, text in CAUSES.items() if re.search(r"[\w,] The place", text)]


def test_a_page_shows_replies_and_whose_they_are() -> None:
    words = CAUSES["auth-app-password-needed"].partition("## In servers' replies")[2]
    assert "Gmail and Google Workspace, in reply to AUTH PLAIN:\n\n```text\n534-5.7.9 " in words
    assert "## In servers' replies" not in CAUSES["tls-no-shared-cipher"]


@pytest.mark.parametrize(
    ("identity", "link"),
    [
        (
            "auth-rejected",
            "[RFC 4954, section 6](https://www.rfc-editor.org/rfc/rfc4954#section-6)",
        ),
        ("auth-rejected", "https://github.com/SparkPost/support-docs/issues/190"),
        ("auth-rejected", "[support.google.com/a/answer/3726730](<https://support.google.com/a/"),
        ("auth-rejected", "scope [https://mail.google.com/](<https://mail.google.com/>)"),
        ("auth-rejected", "Settings to look at: [`password`](../explanations/password.md)."),
    ],
)
def test_a_reference_is_a_link(identity: str, link: str) -> None:
    assert link in CAUSES[identity]


def test_words_of_other_programs_are_those_that_are_explained() -> None:
    """A pattern that is no plain text is left out, and so is a phrase that means something else."""
    words = CAUSES["connection-refused"].partition("## In other programs' words")[2]
    assert "- `connection refused`\n" in words
    assert not re.search(r"- `.*[\\|?*]", words)


def test_a_key_with_a_backslash_stays_whole_in_markdown() -> None:
    assert r"| Ctrl+\\, Alt+E |" in TABLES["keys"]()


class _Links(HTMLParser):
    """The links of a page, and the places in it that a link can name."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.append(value)
            if value and name == "id":
                self.places.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    source, target = tmp_path_factory.mktemp("docs"), tmp_path_factory.mktemp("site")
    write(source)
    sphinx = (sys.executable, "-m", "sphinx", "-q", "-W", "-n", "-c", str(ROOT / "docs"))
    command = (*sphinx, "-b", "dirhtml", str(source), str(target))
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return target


def links(site: Path) -> Iterator[tuple[Path, Path, str]]:
    """Each link to a file of the site: the page, the file, and the place in it."""
    for page in site.rglob("*.html"):
        reader = _Links()
        reader.feed(page.read_text(encoding="utf-8"))
        for link in reader.links:
            parts = urlsplit(link)
            if not parts.scheme and not parts.netloc:
                file = page.parent / unquote(parts.path) if parts.path else page
                yield page, file / "index.html" if file.is_dir() else file, parts.fragment


@pytest.mark.integration
def test_no_link_of_the_site_is_dead(site: Path) -> None:
    places: dict[Path, set[str]] = {}
    count = 0
    for page, file, place in links(site):
        assert file.is_file(), f"{page}: {file}"
        if place and file.suffix == ".html":
            if file not in places:
                reader = _Links()
                reader.feed(file.read_text(encoding="utf-8"))
                places[file] = reader.places
            assert place in places[file], f"{page}: {file}#{place}"
        count += 1
    assert count > 1000
    # The addresses that others may name.
    for identity in CAUSES:
        assert (site / "causes" / identity / "index.html").is_file()
