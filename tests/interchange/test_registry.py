"""The registry and the texts: complete, and nothing in them that nobody uses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from smtp_tui import interchange
from smtp_tui.interchange.spec import QUOTINGS, format_named, formats, text
from smtp_tui.settings.choices import Authentication, VerifyMode
from smtp_tui.settings.fields import BY_KEY
from tests.table import table

FOLDER = Path(interchange.__file__).parent
CONTRACT = (
    "chatwoot", "mastodon", "vaultwarden", "laravel", "nextcloud", "django", "node", "rails",
    "msmtp", "postfix", "gitea", "grafana", "alertmanager", "nodemailer", "url", "swaks",
    "synapse", "authelia", "gotosocial", "ntfy", "vikunja", "home-assistant", "crowdsec",
    "ghost-json", "vaultwarden-json", "keycloak", "redmine", "spring", "spring-properties",
    "exim", "dma", "ssmtp", "nullmailer", "opensmtpd", "odoo", "roundcube",
    "authentik", "paperless", "n8n", "outline", "supabase", "plausible", "metabase", "ghost",
    "discourse", "discourse-conf", "symfony", "meteor", "gitlab", "nextcloud-config",
    "helm-nextcloud", "helm-mastodon", "helm-vaultwarden", "helm-authentik", "helm-sentry",
    "helm-gitea", "helm-grafana",
)  # fmt: skip
LINKS = {"none", "auto", "tls", "ssl"}


def texts() -> dict[str, str]:
    groups = tomllib.loads((FOLDER / "texts.toml").read_text(encoding="utf-8"))
    return {identity: said for group in groups.values() for identity, said in group.items()}


def sources() -> Iterator[str]:
    for file in FOLDER.rglob("*.py"):
        yield file.read_text(encoding="utf-8")


def test_all_formats_are_there() -> None:
    assert tuple(formats()) == CONTRACT
    assert format_named("Django") is formats()["django"]


@table("name", CONTRACT)
def test_a_format(name: str) -> None:
    form = formats()[name]
    assert callable(form.code("read"))
    assert callable(form.code("write"))
    assert form.expresses <= BY_KEY.keys()
    assert {"host", "port", "username", "password"} <= form.expresses
    assert form.links.keys() == LINKS
    assert all(form.links[becomes] == becomes for becomes in form.links.values())
    assert form.refuses <= LINKS
    assert form.over <= formats().keys()
    assert not form.by_name or form.files
    assert set(form.mechanisms) <= set(Authentication)
    assert set(form.verify) <= set(VerifyMode)
    assert form.quoting in (None, *QUOTINGS)


def test_every_text_is_used_and_every_substitution_has_one() -> None:
    whole = "\n".join([*sources(), (FOLDER / "formats.toml").read_text(encoding="utf-8")])
    made = {
        f"{link}-becomes-{has}" for one in formats().values() for link, has in one.links.items()
    }
    used = {identity for identity in texts() if re.search(rf"[\"']{identity}[\"']", whole)}
    used |= {f"no-{link}" for form in formats().values() for link in form.refuses}
    substitutions = {one for one in made if one.split("-becomes-")[0] != one.split("-becomes-")[1]}
    assert used | substitutions == texts().keys()


def test_texts_are_one_line_and_fill_in() -> None:
    for identity, said in texts().items():
        names = re.findall(r"\{(\w+)\}", said.replace("{{", "").replace("}}", ""))
        assert said.isprintable()
        assert text(identity, **dict.fromkeys(names, "x"))
