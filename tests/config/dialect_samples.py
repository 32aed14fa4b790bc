"""A file of each application that a dialect ships for: what it means, and what changes make of it.

The files are made by hand, with comments and odd spacing, as people leave them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Changes = dict[str, Any]
Edit = tuple[Changes, str, str]
"""Changes of our keys, the lines that go for them, and the lines that come."""


@dataclass(frozen=True)
class Sample:
    """A file; `values` are those that stand in it, `defaults` the application's own."""

    dialect: str
    table: str
    text: str
    values: dict[str, Any]
    defaults: dict[str, Any] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    refused: tuple[Changes, ...] = ()
    name: str = "app.toml"


LLDAP = Sample(
    dialect="lldap",
    table="smtp_options",
    text="""\
## Default configuration for Docker.
#verbose=true
ldap_port = 3890

[smtp_options]
## Whether to enabled password reset via email, from LLDAP.
enable_password_reset=true
## The SMTP server.
server="smtp.example.org"   # ours
#port=587
## How the connection is encrypted
smtp_encryption = "STARTTLS"
user='robot@example.org'
password="pässword#1"
reply_to="Do not reply <noreply@localhost>"

[ldaps_options]
port=6360
""",
    values={
        "host": "smtp.example.org",
        "encryption": "tls",
        "username": "robot@example.org",
        "password": "pässword#1",
    },
    defaults={"port": 587, "from": "LLDAP <nobody@lldap>"},
    edits=(
        (
            {"host": "b.example"},
            'server="smtp.example.org"   # ours',
            'server="b.example"   # ours',
        ),
        ({"port": 465}, "", "port=465"),
        ({"port": 587}, "", ""),
        ({"encryption": "ssl"}, 'smtp_encryption = "STARTTLS"', 'smtp_encryption = "TLS"'),
        ({"encryption": "none"}, 'smtp_encryption = "STARTTLS"', 'smtp_encryption = "NONE"'),
        ({"encryption": None}, 'smtp_encryption = "STARTTLS"', ""),
        ({"username": "o'b"}, "user='robot@example.org'", 'user="o\'b"'),
        ({"password": 'a"b'}, 'password="pässword#1"', 'password="a\\"b"'),
        ({"from": "X <x@b.example>"}, "", 'from="X <x@b.example>"'),
    ),
    refused=(
        {"domain": "a.example"},
        {"starttls_auto": True},
        {"authentication": "login"},
        {"openssl_verify_mode": "none"},
        {"ca_file": "ca.pem"},
        {"password": {"env": "X"}},
    ),
)

KAPACITOR = Sample(
    dialect="kapacitor",
    table="smtp",
    text="""\
hostname = "localhost"

[replay]
  dir = "/var/lib/kapacitor/replay"

[smtp]
  # Configure an SMTP email server
  # Will use TLS and authentication if possible
  enabled = true
  host = "mail.example"
  port = 25
  username = ""
  password = ""
  # From address for outgoing mail
  from = "k@example.org"
  no-verify = false
  idle-timeout = "30s"
""",
    values={
        "host": "mail.example",
        "port": 25,
        "from": "k@example.org",
        "openssl_verify_mode": "peer",
    },
    defaults={"encryption": "none", "starttls_auto": True},
    edits=(
        ({"username": "u"}, '  username = ""', '  username = "u"'),
        ({"password": "p"}, '  password = ""', '  password = "p"'),
        ({"openssl_verify_mode": "none"}, "  no-verify = false", "  no-verify = true"),
        ({"port": 465, "encryption": "ssl"}, "  port = 25", "  port = 465"),
        ({"from": None}, '  from = "k@example.org"', ""),
    ),
    refused=({"encryption": "ssl"}, {"encryption": "tls"}, {"starttls_auto": False}),
)

HIMALAYA = Sample(
    dialect="himalaya",
    table="accounts.example",
    text="""\
# himalaya
[accounts.example]
default = true
imap.server = "imap.example.org"
imap.sasl.plain.username = "me@example.org"

# smtps unless told otherwise
smtp.server = "smtp.example.org:465"
smtp.tls.provider = "rustls"

smtp.sasl.plain.username = "me@example.org"
smtp.sasl.plain.password.raw = "a@b:c/d%"   # for now
mailbox.alias.inbox = "INBOX"
""",
    values={
        "authentication": "plain",
        "host": "smtp.example.org",
        "port": 465,
        "username": "me@example.org",
        "password": "a@b:c/d%",
        "encryption": "ssl",
    },
    edits=(
        (
            {"host": "b.example"},
            'smtp.server = "smtp.example.org:465"',
            'smtp.server = "b.example:465"',
        ),
        (
            {"encryption": "tls", "port": 587},
            'smtp.server = "smtp.example.org:465"',
            'smtp.server = "smtp://smtp.example.org:587"\nsmtp.starttls = true',
        ),
        (
            {"encryption": "none", "port": None},
            'smtp.server = "smtp.example.org:465"',
            'smtp.server = "smtp://smtp.example.org"',
        ),
        (
            {"password": {"command": ["pass", "show", "mail"]}},
            'smtp.sasl.plain.password.raw = "a@b:c/d%"   # for now',
            'smtp.sasl.plain.password.command = ["pass", "show", "mail"]',
        ),
        (
            {"authentication": "login"},
            'smtp.sasl.plain.username = "me@example.org"\n'
            'smtp.sasl.plain.password.raw = "a@b:c/d%"   # for now',
            'smtp.sasl.login = { username = "me@example.org", password = { raw = "a@b:c/d%" } }',
        ),
        (
            {"authentication": "xoauth2", "password": "token"},
            'smtp.sasl.plain.username = "me@example.org"\n'
            'smtp.sasl.plain.password.raw = "a@b:c/d%"   # for now',
            'smtp.sasl.xoauth2 = { username = "me@example.org", token = { raw = "token" } }',
        ),
        ({"ca_file": "ca.pem"}, "", 'smtp.tls.cert = "ca.pem"'),
        (
            {"username": None, "password": None, "authentication": "none"},
            'smtp.sasl.plain.username = "me@example.org"\n'
            'smtp.sasl.plain.password.raw = "a@b:c/d%"   # for now',
            "",
        ),
    ),
    refused=(
        {"authentication": "cram-md5"},
        {"authentication": "auto"},
        {"authentication": "none"},
        {"password": {"keyring": "mail"}},
        {"host": None},
    ),
    name="config.toml",
)

HIMALAYA_1 = Sample(
    dialect="himalaya-1",
    table="accounts.work",
    text="""\
[accounts.work]
default = true
email = "me@example.org"

backend.type = "imap"
backend.host = "imap.example.org"
backend.port = 993
backend.encryption.type = "tls"
backend.login = "me@example.org"
backend.auth.type = "password"
backend.auth.raw = "a"

message.send.backend.type = "smtp"
message.send.backend.host = "smtp.example.org"
message.send.backend.port = 587
#message.send.backend.encryption.type = "tls"
message.send.backend.encryption.type = "start-tls"
message.send.backend.login = "me@example.org"
message.send.backend.auth.type = "password"
message.send.backend.auth.cmd = "pass show example"
""",
    values={
        "host": "smtp.example.org",
        "port": 587,
        "encryption": "tls",
        "username": "me@example.org",
        "password": {"command": ["sh", "-c", "pass show example"]},
        "authentication": "auto",
    },
    edits=(
        (
            {"host": "b.example"},
            'message.send.backend.host = "smtp.example.org"',
            'message.send.backend.host = "b.example"',
        ),
        (
            {"encryption": "ssl", "port": 465},
            'message.send.backend.port = 587\nmessage.send.backend.encryption.type = "start-tls"',
            'message.send.backend.port = 465\nmessage.send.backend.encryption.type = "tls"',
        ),
        (
            {"password": "secret"},
            'message.send.backend.auth.cmd = "pass show example"',
            'message.send.backend.auth.raw = "secret"',
        ),
    ),
    refused=({"authentication": "xoauth2"}, {"from": "a@b.example"}, {"starttls_auto": True}),
    name="config.toml",
)

HIMALAYA_BETA = Sample(
    dialect="himalaya-beta",
    table="accounts.work",
    text="""\
[accounts.work]
default = true
email = "me@example.org"

backend = "imap"
imap.host = "imap.example.org"
imap.port = 993
imap.login = "me@example.org"
imap.encryption = "tls"
imap.passwd.raw = "a"

message.send.backend = "smtp"
smtp.host = "smtp.example.org"
smtp.login = "me@example.org"
smtp.port = 465
smtp.encryption = "tls"
smtp.passwd.cmd = "pass show example"
""",
    values={
        "host": "smtp.example.org",
        "port": 465,
        "encryption": "ssl",
        "username": "me@example.org",
        "password": {"command": ["sh", "-c", "pass show example"]},
    },
    defaults={"authentication": "auto"},
    edits=(
        ({"host": "b.example"}, 'smtp.host = "smtp.example.org"', 'smtp.host = "b.example"'),
        (
            {"encryption": "tls", "port": 587},
            'smtp.port = 465\nsmtp.encryption = "tls"',
            'smtp.port = 587\nsmtp.encryption = "start-tls"',
        ),
        (
            {"password": "secret"},
            'smtp.passwd.cmd = "pass show example"',
            'smtp.passwd.raw = "secret"',
        ),
    ),
    refused=({"authentication": "xoauth2"}, {"from": "a@b.example"}, {"starttls_auto": True}),
    name="config.toml",
)

RAUTHY = Sample(
    dialect="rauthy",
    table="email",
    text="""\
[server]
port_http = 8080

[email]
# overwritten by: SMTP_URL
smtp_url   = 'mail.example.org'
smtp_username = 'rauthy'
smtp_password = 'secret'
# format: `Your Name <user@example.org>`
smtp_from     = 'Rauthy <rauthy@example.org>'
starttls_only = false
connect_retries = 3
""",
    values={
        "host": "mail.example.org",
        "username": "rauthy",
        "password": "secret",
        "from": "Rauthy <rauthy@example.org>",
        "encryption": "ssl",
        "authentication": "auto",
    },
    edits=(
        ({"encryption": "tls"}, "starttls_only = false", "starttls_only = true"),
        ({"port": 2525}, "", "smtp_port = 2525"),
        (
            {"encryption": "none", "authentication": "none"},
            "",
            "danger_insecure = true",
        ),
        ({"authentication": "xoauth2"}, "", 'smtp_conn_mode = "xoauth2"'),
        ({"host": "b.example"}, "smtp_url   = 'mail.example.org'", "smtp_url   = 'b.example'"),
    ),
    refused=({"encryption": "none"}, {"authentication": "login"}, {"ca_file": "a.pem"}),
)

TUWUNEL = Sample(
    dialect="tuwunel",
    table="global.smtp",
    text="""\
[global]
server_name = "example.org"

[global.smtp]   # outbound
connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example"
sender = "Example <no-reply@example.org>"
require_email_for_registration = true
""",
    values={
        "host": "mail.example.org",
        "port": 465,
        "domain": "host.example",
        "username": "no-reply@example.org",
        "password": "p@ss/wörd",
        "encryption": "ssl",
        "from": "Example <no-reply@example.org>",
    },
    edits=(
        (
            {"password": "new:@/?#%"},
            'connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example"',
            'connection_uri = "smtps://no%2Dreply%40example.org:new%3A%40%2F%3F%23%25@mail.example.org:465/host.example"',
        ),
        (
            {"encryption": "tls", "port": 587},
            'connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example"',
            'connection_uri = "smtp://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:587/host.example?tls=required"',
        ),
        (
            {"host": "2001:db8::1"},
            'connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example"',
            'connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@[2001:db8::1]:465/host.example"',
        ),
        (
            {"username": None, "password": None, "domain": None},
            'connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example"',
            'connection_uri = "smtps://mail.example.org:465"',
        ),
        (
            {"encryption": "none", "starttls_auto": True},
            'connection_uri = "smtps://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example"',
            'connection_uri = "smtp://no%2Dreply%40example.org:p%40ss%2fw%C3%B6rd@mail.example.org:465/host.example?tls=opportunistic"',
        ),
        (
            {"from": "a@b.example"},
            'sender = "Example <no-reply@example.org>"',
            'sender = "a@b.example"',
        ),
    ),
    refused=({"host": None}, {"authentication": "plain"}, {"password": {"env": "X"}}),
)

TELEPORT = Sample(
    dialect="teleport",
    table="smtp",
    text="""\
[teleport]
addr = "0.0.0.0:3025"   # the Auth Server

[smtp]
host = "smtp.example.org"
username = "bot@example.org"
password_file = "/var/lib/teleport/smtp_password"
# mandatory|opportunistic|disabled
starttls_policy = "mandatory"

[delivery]
sender = "noreply@example.org" # From: address

[role_to_recipients]
"*" = ["root@example.org"]
""",
    values={
        "host": "smtp.example.org",
        "username": "bot@example.org",
        "password": {"file": "/var/lib/teleport/smtp_password"},
        "from": "noreply@example.org",
        "encryption": "tls",
    },
    defaults={"port": 587},
    edits=(
        (
            {"password": "secret"},
            'password_file = "/var/lib/teleport/smtp_password"',
            'password = "secret"',
        ),
        (
            {"password": {"file": "x"}},
            'password_file = "/var/lib/teleport/smtp_password"',
            'password_file = "x"',
        ),
        (
            {"from": "x@b.example"},
            'sender = "noreply@example.org" # From: address',
            'sender = "x@b.example" # From: address',
        ),
        (
            {"encryption": "none"},
            'starttls_policy = "mandatory"',
            'starttls_policy = "disabled"',
        ),
        (
            {"encryption": "none", "starttls_auto": True},
            'starttls_policy = "mandatory"',
            'starttls_policy = "opportunistic"',
        ),
        ({"encryption": "ssl", "port": 465}, "", "port = 465"),
    ),
    refused=({"encryption": "ssl", "port": 2465}, {"password": {"env": "X"}}, {"port": 465}),
)

SUPABASE = Sample(
    dialect="supabase",
    table="auth.email.smtp",
    text="""\
project_id = "x"

[auth.email]
enable_signup = true

# Use a production-ready SMTP server
[auth.email.smtp]
enabled = true
host = "smtp.sendgrid.net"
port = 587
user = "apikey"
pass = "env(SENDGRID_API_KEY)"
admin_email = "admin@email.com"
sender_name = "Admin"
""",
    values={
        "host": "smtp.sendgrid.net",
        "port": 587,
        "username": "apikey",
        "password": {"env": "SENDGRID_API_KEY"},
        "from": "Admin <admin@email.com>",
    },
    defaults={"encryption": "none", "starttls_auto": True},
    edits=(
        ({"password": {"env": "B"}}, 'pass = "env(SENDGRID_API_KEY)"', 'pass = "env(B)"'),
        ({"password": "secret"}, 'pass = "env(SENDGRID_API_KEY)"', 'pass = "secret"'),
        ({"port": 465, "encryption": "ssl"}, "port = 587", "port = 465"),
        (
            {"from": "Bot <bot@email.com>"},
            'admin_email = "admin@email.com"\nsender_name = "Admin"',
            'admin_email = "bot@email.com"\nsender_name = "Bot"',
        ),
        ({"from": "admin@email.com"}, 'sender_name = "Admin"', ""),
    ),
    refused=(
        {"encryption": "tls"},
        {"password": "env(X)"},
        {"password": {"file": "x"}},
        {"username": "env(X)"},
    ),
)

REVOLT = Sample(
    dialect="revolt",
    table="api.smtp",
    text="""\
[hosts]
app = "http://local.revolt.chat"

[api.smtp]
host = "smtp.example.org"
username = "noreply@example.org"
password = "secret"
from_address = "noreply@example.org"
# port = 587
# use_tls = true
""",
    values={
        "host": "smtp.example.org",
        "username": "noreply@example.org",
        "password": "secret",
        "from": "noreply@example.org",
    },
    defaults={"encryption": "ssl"},
    edits=(
        ({"encryption": "tls"}, "", "use_starttls = true"),
        ({"encryption": "none"}, "", "use_tls = false"),
        ({"encryption": "ssl", "port": 465}, "", "port = 465"),
    ),
    refused=({"starttls_auto": True}, {"domain": "a.example"}),
    name="Revolt.toml",
)

VULS = Sample(
    dialect="vuls",
    table="email",
    text="""\
[servers]

[servers.web]
host = "192.0.2.7"
port = "22"
user = "scanner"

[email]
smtpAddr      = "smtp.example.org"
smtpPort      = "587"
tlsMode       = "STARTTLS"
#tlsInsecureSkipVerify = false
user          = "username"
password      = "secret"
from          = "from@example.org"
to            = ["to@example.org"]
subjectPrefix = "[vuls]"
""",
    values={
        "host": "smtp.example.org",
        "port": "587",
        "username": "username",
        "password": "secret",
        "from": "from@example.org",
        "encryption": "tls",
    },
    defaults={"domain": "localhost"},
    edits=(
        ({"port": 465}, 'smtpPort      = "587"', 'smtpPort      = "465"'),
        ({"encryption": "ssl"}, 'tlsMode       = "STARTTLS"', 'tlsMode       = "SMTPS"'),
        ({"encryption": "none"}, 'tlsMode       = "STARTTLS"', 'tlsMode       = "None"'),
        (
            {"encryption": "none", "starttls_auto": True},
            'tlsMode       = "STARTTLS"',
            "",
        ),
        ({"openssl_verify_mode": "none"}, "", "tlsInsecureSkipVerify = true"),
    ),
    refused=(
        {"domain": "a.example"},
        {"password": {"file": "x"}},
        {"from": "Vuls <from@example.org>"},
    ),
)

KANIDM = Sample(
    dialect="kanidm",
    table=".",
    text="""\
# The mail sender
token = "ey.ab.c"
mail_from_address = "kanidm@example.org"
mail_reply_to_address = "noreply@example.org"
mail_relay = "smtp://mail.example.org"   # STARTTLS
mail_username = "kanidm"
mail_password = "secret"
""",
    values={
        "host": "mail.example.org",
        "username": "kanidm",
        "password": "secret",
        "from": "kanidm@example.org",
        "encryption": "tls",
    },
    defaults={"timeout": 15},
    edits=(
        (
            {"encryption": "ssl"},
            'mail_relay = "smtp://mail.example.org"   # STARTTLS',
            'mail_relay = "smtps://mail.example.org"   # STARTTLS',
        ),
        (
            {"port": 2525},
            'mail_relay = "smtp://mail.example.org"   # STARTTLS',
            'mail_relay = "smtp://mail.example.org:2525"   # STARTTLS',
        ),
        ({"timeout": 20.0}, "", "mail_connect_timeout_seconds = 20"),
    ),
    refused=({"encryption": "none"}, {"timeout": 2.5}, {"from": "Kanidm <kanidm@example.org>"}),
    name="mail_sender.toml",
)

KITSUNE = Sample(
    dialect="kitsune",
    table="email",
    text="""\
[database]
url = "postgres://localhost/kitsune"

[job-queue]
num-workers = 20

[email]
from-address = "kitsune@example.org"
host = "mail.example.org"
username = "kitsune"
password = "secret"
starttls = true
""",
    values={
        "host": "mail.example.org",
        "username": "kitsune",
        "password": "secret",
        "from": "kitsune@example.org",
        "encryption": "tls",
    },
    edits=(
        ({"encryption": "ssl"}, "starttls = true", "starttls = false"),
        ({"password": "p"}, 'password = "secret"', 'password = "p"'),
    ),
    refused=({"port": 2525}, {"encryption": "none"}),
)

OPENTALK = Sample(
    dialect="opentalk",
    table="smtp",
    text="""\
[rabbit_mq]
url = "amqp://username:password@localhost/%2F"

[smtp]
smtp_server = "smtp://user:p%40ss@mailserver.example.org:1234?disable_starttls=true"
from_name = "OpenTalk"
from_email = "no-reply@example.org"
""",
    values={
        "host": "mailserver.example.org",
        "port": 1234,
        "username": "user",
        "password": "p@ss",
        "from": "OpenTalk <no-reply@example.org>",
        "encryption": "none",
    },
    edits=(
        (
            {"encryption": "tls"},
            'smtp_server = "smtp://user:p%40ss@mailserver.example.org:1234?disable_starttls=true"',
            'smtp_server = "smtp://user:p%40ss@mailserver.example.org:1234"',
        ),
        (
            {"encryption": "ssl", "username": "ü"},
            'smtp_server = "smtp://user:p%40ss@mailserver.example.org:1234?disable_starttls=true"',
            'smtp_server = "smtps://%C3%BC:p%40ss@mailserver.example.org:1234?disable_starttls=true"',
        ),
    ),
    refused=({"starttls_auto": True}, {"host": None}),
)

REVA = Sample(
    dialect="reva",
    table="http.services.ocmd.smtp_credentials",
    text="""\
[http.services.ocmd]
prefix = "ocm"

[http.services.ocmd.smtp_credentials]
sender_mail = "reva@example.org"
sender_password = "secret"
smtp_server = "smtp.example.org"
disable_auth = false
""",
    values={
        "host": "smtp.example.org",
        "password": "secret",
        "from": "reva@example.org",
        "encryption": "none",
        "starttls_auto": True,
        "authentication": "plain",
    },
    defaults={"username": "reva@example.org", "port": 587, "domain": "localhost"},
    edits=(
        (
            {"authentication": "none", "starttls_auto": False},
            "disable_auth = false",
            "disable_auth = true",
        ),
        ({"port": 25}, "", "smtp_port = 25"),
        ({"username": "u"}, "", 'sender_login = "u"'),
    ),
    refused=(
        {"encryption": "tls"},
        {"encryption": "ssl"},
        {"authentication": "login"},
        {"from": "Reva <reva@example.org>"},
    ),
)

REVA_NOTIFICATIONS = Sample(
    dialect="reva-notifications",
    table="serverless.services.notifications.handlers.email",
    text="""\
[serverless.services.notifications.handlers.email]
# host and port
smtp_server = "smtp.example.org:25"
disable_auth = true
default_sender = "No Reply <no-reply@example.org>"
templates = { }
""",
    values={
        "host": "smtp.example.org",
        "port": 25,
        "from": "No Reply <no-reply@example.org>",
        "encryption": "none",
        "starttls_auto": True,
        "authentication": "none",
    },
    defaults={"domain": "localhost"},
    edits=(
        (
            {"port": 587, "host": "b.example"},
            'smtp_server = "smtp.example.org:25"',
            'smtp_server = "b.example:587"',
        ),
        (
            {"authentication": "auto", "username": "u"},
            "disable_auth = true",
            'disable_auth = false\nsender_login = "u"',
        ),
        (
            {"from": "a@b.example"},
            'default_sender = "No Reply <no-reply@example.org>"',
            'default_sender = "a@b.example"',
        ),
    ),
    refused=({"port": None}, {"encryption": "ssl"}, {"starttls_auto": False}, {"domain": "a.b"}),
)

AYB = Sample(
    dialect="ayb",
    table="email.smtp",
    text="""\
host = "0.0.0.0"
port = 5433

[authentication]
fernet_key = "x="

[email.smtp]
from = "Server Sender <server@example.org>"
reply_to = "Server Reply <replyto@example.org>"
smtp_host = "localhost"
smtp_port = 465
smtp_username = "login@example.org"
smtp_password = "the_password"
""",
    values={
        "host": "localhost",
        "port": 465,
        "username": "login@example.org",
        "password": "the_password",
        "from": "Server Sender <server@example.org>",
    },
    defaults={"encryption": "ssl"},
    edits=(
        ({"port": 2465}, "smtp_port = 465", "smtp_port = 2465"),
        ({"encryption": "ssl"}, "", ""),
    ),
    refused=({"encryption": "tls"}, {"domain": "a.example"}),
)

SMTPC = Sample(
    dialect="smtpc",
    table="profiles.work",
    text="""\
[profiles.work]
login = "me"
password = "secret"
host = "mail.example.org"
port = 587
ssl = false
tls = true
connection_timeout = 30
""",
    values={
        "username": "me",
        "password": "secret",
        "host": "mail.example.org",
        "port": 587,
        "timeout": 30,
        "encryption": "tls",
    },
    defaults={"openssl_verify_mode": "none"},
    edits=(
        (
            {"encryption": "ssl", "port": 465},
            "port = 587\nssl = false\ntls = true",
            "port = 465\nssl = true\ntls = false",
        ),
        (
            {"encryption": "none", "port": 2525},
            "port = 587\ntls = true",
            "port = 2525\ntls = false",
        ),
        ({"domain": "h.example"}, "", 'identify_as = "h.example"'),
        ({"source_address": "192.0.2.1"}, "", 'source_address = "192.0.2.1"'),
        ({"timeout": 10}, "connection_timeout = 30", "connection_timeout = 10"),
    ),
    refused=(
        {"encryption": "none"},
        {"starttls_auto": True},
        {"openssl_verify_mode": "peer"},
        {"timeout": 0.5},
    ),
    name="profiles.toml",
)

# docs/meli.conf.5 of meli 0.8.13, EUPL-1.2 or GPL-3.0.
MELI = Sample(
    dialect="meli",
    table="accounts.work.send_mail",
    text="""\
[accounts.work]
root_mailbox = "INBOX"
format = "imap"
server_hostname = "imap.example.com"
server_username = "user"
server_password = "hidden"

[accounts.work.send_mail]   # the relay
hostname = "smtp.example.com"
port = 587
auth = { type = "auto", username = "u", password = { type = "command_eval", value = "pass x" } }
security = { type = "STARTTLS" }

[accounts.home]
send_mail = "msmtp --read-recipients"
""",
    values={
        "host": "smtp.example.com",
        "port": 587,
        "encryption": "tls",
        "username": "u",
        "password": {"command": ["sh", "-c", "pass x"]},
        "authentication": "auto",
    },
    defaults={"openssl_verify_mode": "peer"},
    edits=(
        ({"host": "b.example"}, 'hostname = "smtp.example.com"', 'hostname = "b.example"'),
        (
            {"encryption": "ssl", "port": 465},
            'port = 587\nsecurity = { type = "STARTTLS" }',
            'port = 465\nsecurity = { type = "tls" }',
        ),
        (
            {"openssl_verify_mode": "none"},
            'security = { type = "STARTTLS" }',
            'security = { type = "STARTTLS", danger_accept_invalid_certs = true }',
        ),
        (
            {"password": "a'b"},
            'auth = { type = "auto", username = "u", password = '
            '{ type = "command_eval", value = "pass x" } }',
            'auth = { type = "auto", username = "u", password = '
            """{ type = "raw", value = "a'b" } }""",
        ),
        ({"from": "x@b.example"}, "", 'envelope_from = "x@b.example"'),
    ),
    refused=(
        {"domain": "a.example"},
        {"starttls_auto": True, "encryption": "none"},
        {"authentication": "login"},
        {"password": {"command": ["pass", "x"]}},
        {"password": {"env": "X"}},
        {"from": "X <x@b.example>"},
    ),
    name="config.toml",
)

SAMPLES = (
    *(
        AYB,
        HIMALAYA,
        HIMALAYA_1,
        HIMALAYA_BETA,
        KANIDM,
        KAPACITOR,
        KITSUNE,
        LLDAP,
        MELI,
        OPENTALK,
        RAUTHY,
    ),
    *(REVA, REVA_NOTIFICATIONS, REVOLT, SMTPC, SUPABASE, TELEPORT, TUWUNEL, VULS),
)
