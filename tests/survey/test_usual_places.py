"""The files of applications are found where their packages and images have them."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.survey.scan import FoundSettings, scan_machine
from smtp_tui.survey.usual_names import is_usual
from tests.interchange.helm_samples import HELM_SAMPLES
from tests.interchange.mail_server_samples import MAIL_SERVER_SAMPLES
from tests.interchange.tree_samples import TREE_SAMPLES
from tests.survey.box import write
from tests.table import table

PLACES = {
    "synapse": "etc/matrix-synapse/homeserver.yaml",
    "authelia": "etc/authelia/configuration.yml",
    "gotosocial": "opt/gotosocial/config.yaml",
    "ntfy": "etc/ntfy/server.yml",
    "vikunja": "etc/vikunja/config.yml",
    "home-assistant": "srv/homeassistant/configuration.yaml",
    "crowdsec": "etc/crowdsec/notifications/email.yaml",
    "ghost-json": "var/www/ghost/config.production.json",
    "vaultwarden-json": "var/lib/vaultwarden/config.json",
    "keycloak": "opt/keycloak/data/import/demo-realm.json",
    "redmine": "etc/redmine/default/configuration.yml",
    "spring": "opt/shop/application.yml",
    "spring-properties": "opt/shop/application-prod.properties",
    "exim": "etc/exim4/update-exim4.conf.conf",
    "dma": "etc/dma/dma.conf",
    "ssmtp": "etc/ssmtp/ssmtp.conf",
    "nullmailer": "etc/nullmailer/remotes",
    "opensmtpd": "etc/smtpd.conf",
    "odoo": "etc/odoo/odoo.conf",
    "roundcube": "etc/roundcube/config.inc.php",
    "helm-nextcloud": "srv/cluster/nextcloud/values.yaml",
    "helm-mastodon": "srv/cluster/mastodon/values.yaml",
    "helm-vaultwarden": "srv/cluster/vaultwarden-values.yaml",
    "helm-authentik": "srv/cluster/authentik/values.prod.yaml",
    "helm-sentry": "srv/cluster/sentry/values.yaml",
    "helm-gitea": "srv/cluster/gitea/values.yaml",
    "helm-grafana": "srv/cluster/grafana/values.yaml",
}
SAMPLES = [*TREE_SAMPLES, *MAIL_SERVER_SAMPLES, *HELM_SAMPLES]
FIRST = {sample.format: sample for sample in reversed(SAMPLES)}


def test_each_application_has_a_usual_place() -> None:
    assert PLACES.keys() == FIRST.keys()
    assert all(is_usual(f"/{place}") for place in PLACES.values())


def test_they_are_found_and_read_with_the_files_next_to_them(tmp_path: Path) -> None:
    for name, place in PLACES.items():
        write(tmp_path / place, FIRST[name].text)
        for other, content in FIRST[name].beside.items():
            write((tmp_path / place).with_name(other), content)
    result = scan_machine([tmp_path])
    found: dict[str, FoundSettings] = {}
    for row in result.found:
        found.setdefault(row.found.format, row)
    assert found.keys() == PLACES.keys()
    for name, row in found.items():
        assert row.found.values == FIRST[name].values
        assert str(row.places[0]).startswith(str(tmp_path / PLACES[name]))


# What stands next to them in the same folders, and is none of theirs.
NEIGHBOURS = {
    "etc/matrix-synapse/log.yaml": "version: 1\nhandlers:\n  email:\n    smtp_host: a.example\n",
    "etc/matrix-synapse/conf.d/mail.yaml": "email:\n  smtp_host: a.example\n  smtp_port: 25\n",
    "etc/authelia/users.yml": "users:\n  smtp:\n    sender: a@b.example\n    email: a@b.example\n",
    "opt/gotosocial/config.yaml": "smtp-host: a.example\nsmtp-port: 25\n",
    "etc/ntfy/client.yml": "default-host: https://ntfy.example\nsmtp: none\n",
    "etc/vikunja/config.yml": "mailer:\n  host: a.example\n  port: 25\n",
    "srv/homeassistant/configuration.yaml": "notify:\n  - platform: mailgun\n    recipient: a\n",
    "etc/crowdsec/notifications/slack.yaml": "type: slack\nname: slack\nsmtp_host: a.example\n",
    "var/www/ghost/config.production.json": '{"mail": {"transport": "Direct"}, "port": 25}\n',
    "var/lib/vaultwarden/config.json": '{"smtp_host": "a.example", "smtp_port": 25}\n',
    "opt/keycloak/data/import/x-realm.json": '{"realm": "x", "host": "a", "port": 1}\n',
    "etc/redmine/default/configuration.yml": "default:\n  email_delivery:\n  smtp: no\n",
    "opt/shop/application.yml": "spring:\n  datasource:\n    host: a\n  mailbox: smtp\n",
    "opt/shop/application.properties": "mail.host=a.example\nsmtp.port=25\n",
    "etc/exim4/passwd": "alice:x:smtp\n",
    "etc/dma/auth.conf": "alice|a.example:x\n",
    "etc/ssmtp/revaliases": "root:a@b.example:mailhub.example:25\n",
    "etc/flatpak/remotes": "smtp.example smtp\n",
    "etc/smtpd.conf": 'action "relay" relay\nmatch for any action "relay"\n',
    "etc/odoo/odoo.conf": "[options]\nproxy_mode = True\n; smtp_server = localhost\n",
    # Charts of others with the same names.
    "srv/cluster/wordpress/values.yaml": "wordpressUsername: a\nsmtpHost: a.test\nsmtpPort: 25\n",
    "srv/cluster/n8n/values.yaml": "smtp:\n  host: a.example\n  port: 25\n  security: tls\n",
    "srv/cluster/x/values.yaml": "mail:\n  smtp:\n    host: a\n  fromAddress: b\nnextcloud: x\n",
    "srv/cluster/y/values.yaml": "mail:\n  host: a.example\n  port: 25\n  useTls: true\n",
    "srv/cluster/loki/values.yaml": "grafana:\n  smtp:\n    host: a.example\n    user: x\n",
    "srv/cluster/z/values.yaml": "config:\n  mailer:\n    SMTP_ADDR: a\ngitea:\n  enabled: true\n",
    "etc/roundcube/config.inc.php": "<?php\n$config['smtp_log'] = false;\n// smtp_host\n",
}


@table(("place", "content"), [*NEIGHBOURS.items()])
def test_a_neighbour_is_not_taken_for_one(place: str, content: str, tmp_path: Path) -> None:
    write(tmp_path / place, content)
    result = scan_machine([tmp_path])
    assert result.found == ()
    (tmp_path / place).unlink()
