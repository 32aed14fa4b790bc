"""Changed variables: their own places alone, whatever stands around them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import ndiff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.toml_edit.layout import Splice, spliced
from smtp_tui.interchange.compose import edit
from smtp_tui.interchange.compose.edit import VariableChanges, apply_changes
from smtp_tui.interchange.compose.services import ComposeFile
from smtp_tui.interchange.import_builder import EnvRef
from tests.interchange.awkward import passwords
from tests.interchange.compose.files import CHATWOOT, FLOW, MASTODON, SHARED, VAULTWARDEN

BOM = "\ufeff"


def changed(content: str, service: str, changes: VariableChanges, *near: str, **files: str) -> str:
    neighbours = {name.replace("_", "."): text for name, text in files.items()}
    file = ComposeFile(content, neighbours.get, exact=True)
    return apply_changes(file, service, changes, frozenset(near))


def lines(old: str, new: str) -> list[str]:
    """The lines that went and came."""
    found = ndiff(old.splitlines(), new.splitlines())
    return [line[0] + line[2:].strip() for line in found if line[0] in "+-"]


def refusal(content: str, service: str, changes: VariableChanges, **files: str) -> str:
    with pytest.raises(DocumentError) as caught:
        changed(content, service, changes, **files)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("SMTP_HOST", "other.example", "SMTP_HOST: other.example     # the relay"),
        ("SMTP_PORT", "25", "SMTP_PORT:   '25'"),
        ("SMTP_FROM", 'a "b"@c', 'SMTP_FROM: "a \\"b\\"@c"'),
        ("SMTP_PASSWORD", "a$b #c", 'SMTP_PASSWORD: "a$$b #c"   # ask Bob'),
        ("SMTP_PASSWORD", "it's", 'SMTP_PASSWORD: "it\'s"   # ask Bob'),
        ("SMTP_PASSWORD", "true", 'SMTP_PASSWORD: "true"   # ask Bob'),
        ("SMTP_PASSWORD", "0755", 'SMTP_PASSWORD: "0755"   # ask Bob'),
        ("SMTP_PASSWORD", EnvRef("MAIL"), 'SMTP_PASSWORD: "${MAIL}"   # ask Bob'),
        ("SIGNUPS_ALLOWED", "true", 'SIGNUPS_ALLOWED: "true"'),
        ("SMTP_SECURITY", "off", 'SMTP_SECURITY: "off"'),
    ],
)
def test_a_value_keeps_its_style_where_it_can(name: str, value: str | EnvRef, line: str) -> None:
    new = changed(VAULTWARDEN, "vw", {name: value})
    assert lines(VAULTWARDEN, new)[1:] == [f"+{line}"]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("SMTP_PORT", "587", "- SMTP_PORT=587"),
        ("SMTP_DOMAIN", "it's", "- 'SMTP_DOMAIN=it''s'"),
        ("SMTP_USERNAME", "x", '- "SMTP_USERNAME=x"'),
        ("SMTP_PASSWORD", "a: b", '- "SMTP_PASSWORD=a: b"'),
        ("SMTP_ENABLE_STARTTLS_AUTO", "false", "- SMTP_ENABLE_STARTTLS_AUTO=false"),
    ],
)
def test_a_list_keeps_its_form(name: str, value: str, line: str) -> None:
    new = changed(CHATWOOT, "rails", {name: value})
    assert lines(CHATWOOT, new)[1:] == [f"+{line}"]


def test_a_new_variable_follows_the_related_ones_in_their_form() -> None:
    new = changed(VAULTWARDEN, "vw", {"HELO_NAME": "me.example"}, "SMTP_HOST", "SMTP_PORT")
    at = new.splitlines().index("      HELO_NAME:   me.example")
    assert new.splitlines()[at - 1] == "      SMTP_PORT:   '587'"
    new = changed(CHATWOOT, "rails", {"A": "x", "B": "y z"})
    assert new == f'{CHATWOOT}            - A=x\n            - "B=y z"\n'


def test_the_last_line_keeps_its_missing_end() -> None:
    content = CHATWOOT.rstrip("\n")
    assert changed(content, "rails", {"A": "x"}) == f"{content}\n            - A=x"


def test_a_variable_goes_with_its_line() -> None:
    new = changed(VAULTWARDEN, "vw", {"SMTP_PASSWORD": None, "SMTP_PORT": None})
    assert lines(VAULTWARDEN, new) == [
        "-SMTP_PORT:   '587'",
        "-SMTP_PASSWORD: pa$$w0rd   # ask Bob",
    ]


def test_flow_collections() -> None:
    new = changed(FLOW, "vw", {"SMTP_HOST": "b: c", "SMTP_PORT": "25"})
    assert '{SMTP_HOST: "b: c", SMTP_FROM: "a@b.example", SMTP_PORT: 25}' in new
    assert "environment: {SMTP_FROM:" in changed(FLOW, "vw", {"SMTP_HOST": None})
    new = changed(FLOW, "cw", {"SMTP_PORT": None, "SMTP_DOMAIN": "x,y"})
    assert '[SMTP_ADDRESS=smtp.example.org, "SMTP_DOMAIN=x,y"]' in new


def test_an_empty_value_is_filled() -> None:
    content = "services:\n  w:\n    environment:\n      A:   # soon\n      B:\n"
    new = changed(content, "w", {"A": "x", "B": "z"})
    assert new == "services:\n  w:\n    environment:\n      A: x   # soon\n      B: z\n"


@pytest.mark.parametrize(
    ("content", "service", "name", "reason"),
    [
        (SHARED, "back", "EMAIL_HOST", "shared by other parts of the file"),
        (SHARED, "async", "EMAIL_HOST", "shared by other parts of the file"),
        (SHARED, "queue", "EMAIL_PORT", "shared by other parts of the file"),
        (SHARED, "queue", "NEW", "share the environment of queue"),
        (MASTODON, "web", "SMTP_SERVER", "is set at line 2 of .env.production; change it there"),
        (MASTODON, "web", "NEW", "web has no environment to add a variable to"),
    ],
)
def test_what_others_share_or_set_is_refused(
    content: str, service: str, name: str, reason: str
) -> None:
    files = {"_env_production": "\nSMTP_SERVER=a.example\n"}
    assert reason in refusal(content, service, {name: "x"}, **files)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A: ${X}", "variables of .env (X at line 1); change them there"),
        ("A: ${Y:-z}", "(Y) that .env does not set; set them there"),
        ("A: |\n        block", "is a block of lines"),
        ("A: !!int 5", "has a YAML tag"),
        ("A: &a x\n      B: *a", "shared by other parts"),
    ],
)
def test_what_is_no_plain_value_is_refused(line: str, reason: str) -> None:
    content = f"services:\n  w:\n    environment:\n      {line}\n      Z: 1\n"
    assert reason in refusal(content, "w", {"A": "new"}, _env="X=1\n")


def test_a_repeated_or_last_variable_is_refused() -> None:
    content = "services:\n  w:\n    environment:\n      - A=1\n      - A=2\n"
    assert "sets A more than once" in refusal(content, "w", {"A": "x"})
    content = "services:\n  w:\n    environment:\n      - A=1\n"
    assert "A is the only variable" in refusal(content, "w", {"A": None})


def test_an_anchor_and_a_text_tag_stay() -> None:
    content = "services:\n  w:\n    environment:\n      A: &a !!str x # c\n      B: 1\n"
    assert "A: &a !!str z # c\n" in changed(content, "w", {"A": "z"})


@given(
    password=passwords,
    place=st.sampled_from([
        (VAULTWARDEN, "vw", "SMTP_PASSWORD"), (VAULTWARDEN, "vw", "SMTP_PORT"),
        (VAULTWARDEN, "vw", "SMTP_FROM"), (CHATWOOT, "rails", "SMTP_PASSWORD"),
        (CHATWOOT, "rails", "SMTP_DOMAIN"), (CHATWOOT, "rails", "SMTP_USERNAME"),
        (FLOW, "vw", "SMTP_HOST"), (FLOW, "cw", "SMTP_PORT"), (VAULTWARDEN, "vw", "NEW_ONE"),
        (CHATWOOT, "rails", "NEW_ONE"), (FLOW, "vw", "NEW_ONE"), (FLOW, "cw", "NEW_ONE"),
    ]),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", BOM]),
)  # fmt: skip
def test_every_byte_outside_the_scalar_stays(
    password: str, place: tuple[str, str, str], end: str, bom: str
) -> None:
    content, service, name = place
    old = bom + content.replace("\n", end)
    before = ComposeFile(old, exact=True).services[service].variables.get(name)
    new = changed(old, service, {name: password})
    after = ComposeFile(new, exact=True).services[service].variables[name]
    assert after.value == password
    assert after.node is not None
    if before is not None:
        assert before.node is not None
        assert new[: after.node.start] == old[: before.node.start]
        assert new[after.node.end :] == old[before.node.end :]
    else:
        # The new entry is one piece, and without it the text is the old one.
        size = len(new) - len(old)
        at = next(n for n in range(len(old) + 1) if new[:n] + new[n + size :] == old)
        assert name in new[at : at + size + len(name)]
    # Back to the old value: the old bytes.
    if before is None and not content.startswith(FLOW):
        assert changed(new, service, {name: None}) == old


@given(st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=4, unique=True))
def test_several_changes_at_once(names: list[str]) -> None:
    content = "services:\n  w:\n    environment:\n      A: 1\n      B: 2 # b\n\n      E: 3\n"
    changes = {name: f"new {name}" for name in names}
    found = ComposeFile(changed(content, "w", changes)).services["w"].variables
    assert {name: found[name].value for name in names} == changes
    assert found["E"].value == "3"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("SMTP_HOST: b.example", "SMTP_HOST: c.example", "another value for SMTP_HOST"),
        ("SMTP_PORT:   '587'", "SMTP_PORT:   '25'", "other parts of the file"),
        ("     # the relay", "", "other parts of the file"),
        ("services:", "services:  # changed", "other parts of the file"),
        ("services:", "x: 1\nservices:", "other parts of the file"),
    ],
    ids=["value", "another", "comment", "other-comment", "key"],
)
def test_a_fault_of_the_editor_is_found_before_anything_is_written(
    old: str, new: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(content: str, splices: Sequence[Splice]) -> str:
        text = spliced(content, splices)
        assert old in text
        return text.replace(old, new, 1)

    monkeypatch.setattr(edit, "spliced", faulty)
    assert found in refusal(VAULTWARDEN, "vw", {"SMTP_HOST": "b.example"})


def test_without_libyaml_the_slow_parser_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    new = changed(VAULTWARDEN, "vw", {"SMTP_PASSWORD": "a$b"})
    assert ComposeFile(new).services["vw"].variables["SMTP_PASSWORD"].value == "a$b"
