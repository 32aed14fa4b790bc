"""docker compose reads what we read, and what we write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smtp_tui.interchange.compose.edit import apply_changes
from smtp_tui.interchange.compose.services import ComposeFile
from tests.interchange.awkward import HANDMADE
from tests.interchange.compose.docker_compose import environments
from tests.interchange.compose.files import CHATWOOT, FLOW, SHARED, VAULTWARDEN
from tests.interchange.compose.test_env_files import FILES
from tests.interchange.compose.test_interpolation import KNOWN, VALUES

pytestmark = pytest.mark.integration


def test_variables_in_values(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    variables = {f"K{number}": template for number, (template, _) in enumerate(VALUES)}
    service = {"image": "x", "environment": variables}
    file.write_text(json.dumps({"services": {"web": service}}))
    found = environments(file, **KNOWN)
    assert found is not None
    assert found["web"] == {f"K{number}": value for number, (_, value) in enumerate(VALUES)}


@pytest.mark.parametrize(("content", "values"), FILES)
def test_env_files(tmp_path: Path, content: str, values: dict[str, str]) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {web: {image: x, env_file: a.env}}")
    (tmp_path / "a.env").write_bytes(content.encode())
    found = environments(file)
    assert found is not None
    assert {name: value for name, value in found["web"].items() if name} == values


@pytest.mark.parametrize("text", [VAULTWARDEN, CHATWOOT, SHARED, FLOW])
def test_what_services_get(tmp_path: Path, text: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    (tmp_path / ".env").write_text("EMAIL_HOST_USER='us$er'\n")
    ours = ComposeFile(text, {".env": "EMAIL_HOST_USER='us$er'\n"}.get).services
    assert environments(file) == {
        name: {variable.name: variable.value for variable in service.variables.values()}
        for name, service in ours.items()
    }


@pytest.mark.parametrize(
    ("text", "service", "name"),
    [
        (VAULTWARDEN, "vw", "SMTP_PASSWORD"),
        (VAULTWARDEN, "vw", "SMTP_PORT"),
        (VAULTWARDEN, "vw", "NEW_ONE"),
        (CHATWOOT, "rails", "SMTP_DOMAIN"),
        (CHATWOOT, "rails", "SMTP_PASSWORD"),
        (CHATWOOT, "rails", "NEW_ONE"),
        (FLOW, "vw", "SMTP_HOST"),
        (FLOW, "cw", "NEW_ONE"),
    ],
)
def test_awkward_passwords(tmp_path: Path, text: str, service: str, name: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    before = environments(file)
    assert before is not None
    # All in one file: each in a copy of the service.
    for password in HANDMADE:
        new = apply_changes(ComposeFile(text, exact=True), service, {name: password}, frozenset())
        file.write_bytes(new.encode())
        after = environments(file)
        assert after is not None
        assert after[service].pop(name) == password
        rest = {one: {**found} for one, found in before.items()}
        rest[service].pop(name, None)
        assert after == rest
