"""A made-up machine: the sample files of all formats and dialects in their usual places."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.settings.validate import parse_settings
from tests.config import dialect_samples
from tests.interchange.compose.files import CHATWOOT, VAULTWARDEN
from tests.interchange.samples import SAMPLES

Row = tuple[str, str, str, str]
"""A format, the places, the host and the port of settings that are to be found."""

# The samples of tests/interchange/samples.py by format and number, and where an admin has them.
_FORMATS = {
    "home/deploy/chatwoot/.env": ("chatwoot", 0),
    "home/mastodon/live/.env.production": ("mastodon", 0),
    "etc/vaultwarden.env": ("vaultwarden", 0),
    "var/www/shop/.env": ("laravel", 0),
    "srv/django/project/settings.py": ("django", 1),
    "srv/django/other/.env": ("django", 3),
    "srv/next/.env.local": ("node", 0),
    "opt/rails/config/environments/production.rb": ("rails", 0),
    "etc/msmtprc": ("msmtp", 1),
    "home/bob/.msmtprc": ("msmtp", 2),
    "etc/postfix/main.cf": ("postfix", 0),
    "etc/gitea/app.ini": ("gitea", 1),
    "etc/grafana/grafana.ini": ("grafana", 2),
    "etc/alertmanager/alertmanager.yml": ("alertmanager", 0),
    "srv/node/config/mail.json": ("nodemailer", 0),
}
_DIALECTS = {
    "etc/lldap/lldap_config.toml": "LLDAP",
    "etc/kapacitor/kapacitor.conf": "KAPACITOR",
    "home/bob/.config/himalaya/config.toml": "HIMALAYA",
    "srv/rauthy/config.toml": "RAUTHY",
    "etc/tuwunel/tuwunel.toml": "TUWUNEL",
    "etc/teleport-email.toml": "TELEPORT",
    "home/dev/app/supabase/config.toml": "SUPABASE",
    "opt/revolt/Revolt.toml": "REVOLT",
    "home/vuls/config.toml": "VULS",
    "etc/kanidm/mail_sender.toml": "KANIDM",
    "srv/kitsune/config.toml": "KITSUNE",
    "etc/opentalk/smtp-mailer.toml": "OPENTALK",
}
_OWN = """\
[smtp]
host = "mail.example.org"
username = "me"
password = "hunter2hunter2"
"""
_UNIT = """\
[Unit]
Description=Environment=SMTP_HOST=nowhere.example
[Service]
Environment="EMAIL_HOST=mail.example.net" EMAIL_USE_TLS=1 \\
  EMAIL_HOST_USER=dj
# Environment=EMAIL_HOST=old.example
EnvironmentFile=-/nothing/here
ExecStart=/usr/bin/app
"""
_QUADLET = """\
[Container]
Image=docker.io/vaultwarden/server:latest
Environment=SMTP_HOST=quad.example.org SMTP_FROM=v@example.org
Environment='SMTP_USERNAME=a b' SMTP_PASSWORD=100%%sure
"""
# What must not be taken for mail settings.
_DECOYS = {
    "etc/app/database.toml": '[database]\nhost = "db.example.org"\nport = 5432\nuser = "app"\n',
    "etc/app/imap.toml": '[imap]\nhost = "imap.example.org"\nport = 993\nusername = "mail"\n',
    "etc/app/words.toml": '[smtp]\nhost = "the host"\nport = "the port"\nusername = "the user"\n',
    "srv/web/package.json": '{"name": "mailer", "port": 25, "host": "0.0.0.0"}\n',
    "srv/web/.env.example": "SMTP_ADDRESS=example.example.org\nSMTP_PORT=587\n",
    "srv/web/compose.yaml": "services:\n  db:\n    image: postgres\n    environment: {A: mail}\n",
    "srv/web/docs/mail.env": "SMTP_ADDRESS=docs.example.org\nSMTP_PORT=587\n",
    "srv/web/node_modules/x/.env": "SMTP_ADDRESS=module.example.org\nSMTP_PORT=587\n",
    "etc/aliases": "postmaster: root  # SMTP_ADDRESS=alias.example.org\n",
    "etc/postfix-old/main.cf.bak": "relayhost = [old.example.org]:25\n",
    "etc/other.ini": "[smtp]\nhost = somewhere.example.org\n",
    "etc/systemd/system/web.service": "[Service]\nExecStart=/bin/true --smtp mail.example.org\n",
    "usr/share/doc/x/app.ini": "[mailer]\nSMTP_ADDR = doc.example.org\n",
}


def make_box(root: Path) -> list[Row]:
    """Write the files, and return what there is to find."""
    expected: list[Row] = []
    for place, (name, number) in _FORMATS.items():
        sample = [sample for sample in SAMPLES if sample.format == name][number]
        write(root / place, sample.text)
        for name, content in sample.beside.items():
            write((root / place).with_name(name), content)
        values = sample.values
        shown = f"{place}: x" if place == "etc/msmtprc" else place  # its account
        expected.append((sample.format, shown, values["host"], str(values["port"])))
    for place, name in _DIALECTS.items():
        dialect: dialect_samples.Sample = getattr(dialect_samples, name)
        write(root / place, dialect.text)
        all_values = dialect.defaults | dialect.values
        table = "" if dialect.table == "." else f": {dialect.table}"
        settings = parse_settings(all_values).settings
        assert settings
        expected.append((dialect.dialect, f"{place}{table}", settings.host, str(settings.port)))
    others = {
        "srv/vw/compose.yaml": VAULTWARDEN,
        "srv/chat/docker-compose.yml": CHATWOOT,
        "home/bob/.config/smtp-tui/smtp.toml": _OWN,
        "etc/systemd/system/dj.service": _UNIT,
        "etc/systemd/system/dj.service.d/port.conf": "[Service]\nEnvironment=EMAIL_PORT=2525\n",
        "etc/containers/systemd/vw.container": _QUADLET,
        **_DECOYS,
    }
    for place, content in others.items():
        write(root / place, content)
    expected += [
        ("vaultwarden", "srv/vw/compose.yaml: services.vw", "smtp.example.org", "587"),
        ("chatwoot", "srv/chat/docker-compose.yml: services.rails", "smtp.example.org", "25"),
        ("plain", "home/bob/.config/smtp-tui/smtp.toml: smtp", "mail.example.org", "587"),
        ("django", "unit dj.service", "mail.example.net", "2525"),
        ("vaultwarden", "unit vw.container", "quad.example.org", "587"),
    ]
    return expected


def write(path: Path, content: str) -> None:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
