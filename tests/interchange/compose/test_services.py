"""What a compose file gives its services, from all the places that set it."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.interchange.compose.services import ComposeFile, ComposeVariable
from smtp_tui.interchange.import_builder import EnvRef, UnresolvedVariable
from smtp_tui.interchange.spec import InterchangeError
from tests.interchange.compose.files import FLOW, SHARED
from tests.table import table


def service(content: str, **files: str) -> dict[str, ComposeVariable]:
    """The variables of the service `web`."""
    neighbours = {name.replace("_", "."): text for name, text in files.items()}
    return ComposeFile(content, neighbours.get).services["web"].variables


def web(*lines: str) -> str:
    return "\n".join(
        ["services:", "  web:", "    image: x", *(f"    {line}" for line in lines), ""]
    )


def values(content: str, **files: str) -> dict[str, Any]:
    return {name: variable.value for name, variable in service(content, **files).items()}


@table(
    ("written", "value"),
    [
        ("smtp.example.org", "smtp.example.org"),
        ('"pa$$w\\t"', "pa$w\t"),
        ("'it''s'", "it's"),
        ("587", "587"),
        ("1.5", "1.5"),
        ("22:22", "22:22"),
        ("yes", "yes"),
        ("True", "true"),
        ('"True"', "True"),
        ("!!str 0755", "0755"),
        ("two\n        lines", "two lines"),
        ("|\n        block\n", "block\n"),
        ('""', ""),
    ],
)
def test_a_scalar_is_what_docker_compose_makes_of_it(written: str, value: str) -> None:
    assert values(web("environment:", f"  A: {written}")) == {"A": value}


@table("written", ["0755", "1_000", "0x1F", "1e3", "+5", "1.50", "2020-01-02"])
def test_a_number_that_docker_compose_writes_in_another_way(written: str) -> None:
    assert values(web("environment:", f"  A: {written}")) == {
        "A": UnresolvedVariable("compose-number")
    }
    assert values(web("environment:", f"  - A={written}")) == {"A": written}


@pytest.mark.parametrize("written", ["", "~", "null"])
def test_a_name_alone_comes_from_the_shell_or_from_dot_env(written: str) -> None:
    content = web("environment:", f"  A: {written}")
    assert values(content) == {"A": EnvRef("A")}
    assert ComposeFile(content, {".env": "A=1"}.get).services["web"].variables["A"].value == "1"
    assert values(web("environment:", "  - A")) == {"A": EnvRef("A")}


def test_variables_in_the_names_of_a_list() -> None:
    content = web("environment:", "  - ${X}_HOST=a.example", "  - $Y", "  - $NONE=1", "  - A=1")
    found = ComposeFile(content, {".env": "X=SMTP\nY=SMTP_PORT=25\n"}.get).services["web"].variables
    values_here = {name: one.value for name, one in found.items()}
    assert values_here == {"SMTP_HOST": "a.example", "SMTP_PORT": "25", "A": "1"}
    assert found["SMTP_HOST"].names == ("X",)


def test_variables_in_values() -> None:
    content = web("environment:", "  - A=${X}", "  - B=${X:-d}", "  - C=${X}x", "  - D=${X:?no}")
    found = values(content)
    assert found["A"] == EnvRef("X")
    assert found["B"] == "d"
    assert found["C"] == UnresolvedVariable("from-variables", {"names": "X"})
    assert found["D"] == UnresolvedVariable("compose-required", {"names": "X"})
    file = ComposeFile(content, {".env": "# x\nX=val\n"}.get)
    assert [one.value for one in file.services["web"].variables.values()] == [
        "val", "val", "valx", "val",
    ]  # fmt: skip
    assert file.line_of("X") == 2


def test_env_files_go_after_the_environment_and_the_last_counts() -> None:
    content = web("env_file:", "  - a.env", "  - path: b.env", "environment:", "  A: own")
    found = service(content, a_env="A=1\nB=1\nC=$A\n", b_env="\nB=2\n")
    assert {name: one.value for name, one in found.items()} == {"A": "own", "B": "2", "C": "own"}
    assert (found["A"].file, found["B"].file, found["B"].line) == ("", "b.env", 2)


@table(
    ("lines", "remark"),
    [
        (["env_file: a.env"], "the env_file a.env cannot be read"),
        (["env_file:", "  - path: a.env", "    required: false"], None),
        (["extends: {service: base}"], "the service extends another one, which smtp-tui does not"),
        (["profiles: [x]"], "the service runs only with one of its profiles"),
        (["env_file: $NONE/a.env"], "the env_file $NONE/a.env is named by a variable"),
    ],
)
def test_what_is_not_read_is_said(lines: list[str], remark: str | None) -> None:
    remarks = ComposeFile(web(*lines)).services["web"].remarks
    assert [one[: len(remark or "")] for one in remarks] == ([remark] if remark else [])


def test_a_raw_env_file() -> None:
    content = web("env_file:", "  - path: a.env", "    format: raw")
    assert values(content, a_env="A='$x' #y\n#B=1\n") == {"A": "'$x' #y"}


def test_an_override_file_goes_first() -> None:
    override = ("compose.override.yaml", web("environment:", "  - A=over"))
    content = web("environment:", "  A: base", "  B: base")
    found = ComposeFile(content, override=override).services["web"]
    assert {name: one.value for name, one in found.variables.items()} == {"A": "over", "B": "base"}
    assert found.variables["A"].file == "compose.override.yaml"


def test_secrets_are_files_of_this_machine() -> None:
    content = web("environment:", "  SMTP_PASSWORD_FILE: /run/secrets/mail")
    content += "secrets:\n  mail:\n    file: ./mail.txt\n"
    found = service(content)["SMTP_PASSWORD_FILE"]
    assert (found.value, found.assignment.value) == ("/run/secrets/mail", "./mail.txt")


def test_anchors_and_merges() -> None:
    services = ComposeFile(SHARED).services
    back, later, queue = (services[name].variables for name in ("back", "async", "queue"))
    assert [one.value for one in back.values()] == [
        "smtp.example.org", EnvRef("EMAIL_HOST_USER"), "True",
    ]  # fmt: skip
    assert all(one.is_shared for one in back.values())
    assert later["EMAIL_PORT"].value == "2525"
    assert not later["EMAIL_PORT"].is_shared
    assert later["EMAIL_HOST"].is_shared
    assert queue["EMAIL_PORT"].is_shared


def test_flow_collections() -> None:
    services = ComposeFile(FLOW).services
    assert services["vw"].variables["SMTP_FROM"].value == "a@b.example"
    assert services["cw"].variables["SMTP_PORT"].value == "25"


@table(
    ("content", "problem"),
    [
        ("a: 1\n", "no services"),
        ("services:\n  a: [\n", "line 3 is not valid YAML, which docker compose requires"),
        ("services: {}\n---\nservices: {}\n", "several YAML documents"),
        (web("environment:", "  A: 1", "  A: 2"), "line 6 sets A a second time"),
        (web("environment:", "  A: [x]"), "the value of A at line 5 is a list or a table"),
        (web("environment:", "  - 5"), "the entry at line 5 is no NAME=value"),
        (web("environment:"), "the environment of the service web at line 4 is empty"),
        (web("environment:", "  A: !!python/name:os.system x"), "line"),
    ],
)
def test_what_docker_compose_rejects(content: str, problem: str) -> None:
    with pytest.raises(InterchangeError) as caught:
        ComposeFile(content)
    assert problem in str(caught.value) or problem == "line"


def test_merges_that_would_not_fit_into_memory_end() -> None:
    lines = ["x0: &x0 {A: 1}"]
    lines += [f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 9)}]}}" for n in range(1, 30)]
    lines.append("services: {web: {image: x, environment: *x29}}")
    assert values("\n".join(lines)) == {"A": "1"}
    chain = ["x0: &x0 {A: 1}", *(f"x{n}: &x{n} {{<<: *x{n - 1}}}" for n in range(1, 3000))]
    with pytest.raises(InterchangeError, match="too deeply"):
        ComposeFile("\n".join([*chain, "services: {web: {image: x, environment: *x2999}}"]))
