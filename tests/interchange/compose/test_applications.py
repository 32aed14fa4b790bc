"""The variables of each program in a compose file: recognised, read, and changed in place."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from smtp_tui.config.document import Document
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.interchange import envfile
from smtp_tui.interchange.compose.settings import open_compose
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.spec import formats
from tests.interchange.awkward import HANDMADE
from tests.table import table

# Those whose names say which program has them, and those that an image tells apart.
BY_NAMES = [
    "authentik", "paperless", "n8n", "supabase", "plausible", "metabase", "ghost", "discourse",
    "symfony", "meteor", "grafana", "gitea",
]  # fmt: skip
TABLE = "services.app"
OLD: dict[str, Any] = {
    "host": "old.example", "port": 587, "encryption": "none", "starttls_auto": True,
    "username": "al ice", "password": "wonderland", "from": "a@b.example",
}  # fmt: skip


def composed(name: str, values: dict[str, Any], image: str = "x/y:1", prefix: str = "") -> str:
    text = export_text(name, values, with_password=True, quoting="docker").text
    entries = envfile.read(text, "docker")
    lines = [f"      {prefix}{one.name}: '{one.value.replace('$', '$$')}'  # c" for one in entries]
    head = "services:\n  app:\n    image: " + image + "\n    environment:\n      OTHER: one\n"
    return "\n".join([head.rstrip(), *lines, "  db:\n    image: postgres\n"])


def opened(folder: str, text: str) -> Document:
    file = Path(folder) / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    return open_compose(file)


def values_for(name: str) -> dict[str, Any]:
    """The old values as far as the program has STARTTLS where it is offered."""
    link = formats()[name].links["auto"]
    return OLD if link == "auto" else {**OLD, "encryption": link, "starttls_auto": False}


@table("name", BY_NAMES)
def test_a_service_is_recognised_and_changed(name: str) -> None:
    with TemporaryDirectory() as folder:
        text = composed(name, values_for(name))
        document = opened(folder, text)
        assert (document.dialect, document.tables()) == (name, (TABLE,))
        values = document.values(TABLE)
        assert (values["host"], values["port"]) == ("old.example", 587)
        assert (values["username"], values["password"]) == ("al ice", "wonderland")
        new = document.changed(TABLE, {"host": "new.example", "port": 2525})
        again = opened(folder, new).values(TABLE)
        assert (again["host"], again["port"]) == ("new.example", 2525)
        old_lines, new_lines = text.split("\n"), new.split("\n")
        assert len(old_lines) == len(new_lines)
        changed = [one for one, other in zip(old_lines, new_lines, strict=True) if one != other]
        assert len(changed) <= 2
        assert new.count("# c") == text.count("# c")


@pytest.mark.integration
@table("name", BY_NAMES)
def test_awkward_passwords_in_a_service(name: str) -> None:
    with TemporaryDirectory() as folder:
        document = opened(folder, composed(name, values_for(name)))
        refused = 0
        for password in HANDMADE[::3]:
            try:
                text = document.changed(TABLE, {"password": password})
            except NotExpressibleError:
                refused += 1
                continue
            assert opened(folder, text).values(TABLE)["password"] == password
        assert refused <= 1


def test_the_names_inside_the_container_are_kept(tmp_path: Path) -> None:
    text = composed("supabase", OLD, "supabase/gotrue:v2.186.0", "GOTRUE_")
    document = opened(str(tmp_path), text)
    assert document.dialect == "supabase"
    new = document.changed(TABLE, {"host": "new.example", "password": "other"})
    assert "GOTRUE_SMTP_HOST: 'new.example'" in new
    assert "GOTRUE_SMTP_PASS: 'other'" in new
    assert "\n      SMTP_" not in new


@pytest.mark.parametrize("name", ["symfony", "meteor"])
def test_a_url_holds_no_variable_for_its_password(tmp_path: Path, name: str) -> None:
    document = opened(str(tmp_path), composed(name, OLD))
    with pytest.raises(NotExpressibleError, match="holds the password itself"):
        document.changed(TABLE, {"password": {"env": "SECRET"}})


def test_an_image_tells_programs_with_the_same_variables_apart(tmp_path: Path) -> None:
    image = "docker.getoutline.com/outlinewiki/outline:1"
    text = composed("outline", {**OLD, "encryption": "ssl"}, image)
    assert opened(str(tmp_path), text).dialect == "outline"
    assert opened(str(tmp_path), text.replace("outlinewiki/outline", "x/y")).dialect == "node"


OMNIBUS = """\
services:
  app:
    image: gitlab/gitlab-ce:latest
    environment:
      GITLAB_OMNIBUS_CONFIG: |
        external_url 'https://gitlab.example.com'
        gitlab_rails['smtp_enable'] = true
        gitlab_rails['smtp_address'] = "smtp.example.org"
        gitlab_rails['smtp_port'] = 465
        gitlab_rails['smtp_tls'] = true
        gitlab_rails['smtp_enable_starttls_auto'] = false
        gitlab_rails['smtp_user_name'] = "git"
        gitlab_rails['smtp_password'] = "wonderland"
        gitlab_rails['smtp_domain'] = File.read('/x')
  two:
    image: gitlab/gitlab-ce:latest
    environment:
      GITLAB_OMNIBUS_CONFIG: "external_url 'https://gitlab.example.com'"
"""


def test_gitlab_has_its_file_in_a_variable(tmp_path: Path) -> None:
    document = opened(str(tmp_path), OMNIBUS)
    assert (document.dialect, document.tables()) == ("gitlab", (TABLE,))
    values = document.values(TABLE)
    assert (values["host"], values["port"], values["encryption"]) == (
        "smtp.example.org",
        465,
        "ssl",
    )
    assert (values["username"], values["password"]) == ("git", "wonderland")
    assert document.unknown_keys(TABLE) == ("smtp_domain",)
    with pytest.raises(NotExpressibleError, match="holds a whole file of GitLab"):
        document.changed(TABLE, {"port": 587})
    assert not document.can_express(TABLE, "host", "b.example")
    assert "wonderland" not in document.display(OMNIBUS, document.secret_keys).masked(())


def test_what_docker_compose_alone_knows_decides_about_no_encryption(tmp_path: Path) -> None:
    for name, switch in (("n8n", "N8N_SMTP_SSL"), ("plausible", "SMTP_HOST_SSL_ENABLED")):
        text = composed(name, OLD).replace(f"{switch}: 'false'", f"{switch}: ${{NOT_SET_HERE}}")
        assert "NOT_SET_HERE" in text
        values = opened(str(tmp_path), text).values(TABLE)
        assert not values.keys() & {"encryption", "starttls_auto"}
