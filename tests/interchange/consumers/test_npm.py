"""What n8n and Ghost read from variables, by the packages that they read them with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import import_text
from tests.interchange.awkward import HANDMADE
from tests.interchange.consumers.places import HERE, NODE_MODULES, needed
from tests.interchange.readers import need, run, utf_8

pytestmark = pytest.mark.integration

WHOLE = {"host": "mail.example.org", "username": " al ice", "from": "'A' <a@b.example>"}


def environment(text: str) -> dict[str, str]:
    """Variables as `docker run --env-file` passes them on."""
    return dict(line.split("=", 1) for line in text.splitlines())


def read_by(script: str, environments: list[dict[str, str]]) -> list[Any]:
    modules = str(needed(NODE_MODULES))
    given = json.dumps(environments)
    env = utf_8() | {"NODE_PATH": modules}
    found: list[Any] = json.loads(run(need("node"), str(HERE / script), input=given, env=env))
    return found


LINKS: dict[str, dict[str, Any]] = {
    "ssl": {"encryption": "ssl", "port": 465},
    "auto": {"encryption": "none", "starttls_auto": True, "port": 587},
    "none": {"encryption": "none", "port": 2525},
}


@pytest.mark.parametrize("link", LINKS)
def test_n8n(link: str) -> None:
    texts = [
        export_text("n8n", {**WHOLE, **LINKS[link], "password": one}, with_password=True).text
        for one in HANDMADE
    ]
    for password, found in zip(
        HANDMADE, read_by("n8n.js", [*map(environment, texts)]), strict=True
    ):
        assert (found["auth"]["user"], found["auth"]["pass"]) == (" al ice", password)
        assert (found["host"], found["port"]) == ("mail.example.org", LINKS[link]["port"])
        assert (found["secure"], found["startTLS"]) == (link == "ssl", link == "auto")
        assert found["sender"] == WHOLE["from"]


# What people write around a value, and what n8n and smtp-tui make of it.
WRITTEN = ("x", " x ", '"x"', "'x'", "'x\"", "\"'x'\"", '" x "', '"', "''x''")


def test_n8n_and_smtp_tui_read_alike() -> None:
    texts = [f"N8N_SMTP_HOST=a.example\nN8N_SMTP_PASS={written}\n" for written in WRITTEN]
    for text, found in zip(texts, read_by("n8n.js", [*map(environment, texts)]), strict=True):
        values = import_text(text).values
        assert values["password"] == found["auth"]["pass"]
        assert values["port"] == found["port"]


def test_ghost() -> None:
    whole = {**WHOLE, "port": 587, "encryption": "tls", "openssl_verify_mode": "none"}
    texts = [
        export_text("ghost", {**whole, "password": one}, with_password=True).text
        for one in HANDMADE
    ]
    for password, mail in zip(
        HANDMADE, read_by("ghost.js", [*map(environment, texts)]), strict=True
    ):
        options = mail["options"]
        assert options["auth"] == {"user": " al ice", "pass": password}
        assert (options["host"], options["port"]) == ("mail.example.org", 587)
        assert (options["secure"], options["requireTLS"]) == (False, True)
        assert options["tls"] == {"rejectUnauthorized": False}
        assert (mail["transport"], mail["from"]) == ("SMTP", WHOLE["from"])
