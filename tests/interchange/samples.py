"""Texts as admins have them, what is to be found in each, and what is not understood."""

from __future__ import annotations

from tests.interchange.sample import AUTO, OPEN, SSL, TLS, Sample
from tests.interchange.samples_applications import APPLICATIONS

SAMPLES = [
    Sample(
        "chatwoot",
        """\
# Used to verify the integrity of signed cookies.
SECRET_KEY_BASE=replace_with_lengthy_secure_hex
FRONTEND_URL=http://0.0.0.0:3000
MAILER_SENDER_EMAIL="Chatwoot <accounts@chatwoot.example>"
SMTP_DOMAIN=chatwoot.example
SMTP_ADDRESS=smtp.example.net   # the relay
SMTP_PORT=587
SMTP_USERNAME=chat
SMTP_PASSWORD='pa$$ #1'
SMTP_AUTHENTICATION=cram_md5
SMTP_ENABLE_STARTTLS_AUTO=true
# Can be: 'none', 'peer', 'client_once', 'fail_if_no_peer_cert'
SMTP_OPENSSL_VERIFY_MODE=client_once
SMTP_COLOUR=blue
""",
        {
            "host": "smtp.example.net", "port": 587, "domain": "chatwoot.example", **AUTO,
            "username": "chat", "password": "pa$$ #1", "authentication": "cram-md5",
            "from": "Chatwoot <accounts@chatwoot.example>",
        },
        ["SMTP_OPENSSL_VERIFY_MODE", "SMTP_COLOUR"],
        ["starttls_auto"],
    ),
    Sample(
        "chatwoot",
        "SMTP_ADDRESS=smtp.example.net\nSMTP_USERNAME=chat\nSMTP_PASSWORD=${MAIL_SECRET}\n"
        "SMTP_TLS=true\nSMTP_PORT=465\n",
        {
            "host": "smtp.example.net", "port": 465, "domain": "localhost.localdomain", **SSL,
            "username": "chat", "password": {"env": "MAIL_SECRET"}, "authentication": "plain",
        },
        [],
        ["encryption", "authentication", "domain"],
    ),
    Sample(
        "mastodon",
        """\
LOCAL_DOMAIN=social.example
SMTP_SERVER=smtp.eu.mailgun.org
SMTP_PORT=587
SMTP_LOGIN=postmaster@social.example
SMTP_PASSWORD="it's \\$5"
SMTP_FROM_ADDRESS='Mastodon <notifications@social.example>'
SMTP_ENABLE_STARTTLS=always
SMTP_DELIVERY_METHOD=smtp
""",
        {
            "host": "smtp.eu.mailgun.org", "port": 587, "domain": "social.example", **TLS,
            "username": "postmaster@social.example", "password": "it's $5",
            "authentication": "plain", "from": "Mastodon <notifications@social.example>",
        },
        [],
        ["authentication"],
    ),
    Sample(
        "mastodon",
        "SMTP_SERVER=localhost\nSMTP_PORT=25\nSMTP_AUTH_METHOD=none\nSMTP_LOGIN=\n"
        "SMTP_OPENSSL_VERIFY_MODE=none\nSMTP_ENABLE_STARTTLS=sometimes\nSMTP_SSL=yes\n",
        {
            "host": "localhost", "port": 25, **AUTO, "authentication": "none",
            "openssl_verify_mode": "none", "from": "notifications@localhost",
        },
        ["SMTP_ENABLE_STARTTLS"],
        ["starttls_auto", "from"],
    ),
    Sample(
        "vaultwarden",
        """\
## Mail specific settings, set SMTP_FROM and either SMTP_HOST or USE_SENDMAIL
SMTP_HOST=smtp.domain.tld
SMTP_FROM=vaultwarden@domain.tld
SMTP_FROM_NAME=Vault Warden
SMTP_USERNAME=username
SMTP_PASSWORD=pa"s$s #w'd
SMTP_TIMEOUT=15
SMTP_SECURITY=force_tls
# SMTP_PORT=587
SMTP_AUTH_MECHANISM="Login"
HELO_NAME=vault.domain.tld
SMTP_ACCEPT_INVALID_CERTS=true
SMTP_EMBED_IMAGES=true
DOMAIN=https://vault.domain.tld
""",
        {
            "host": "smtp.domain.tld", "port": 465, "domain": "vault.domain.tld", **SSL,
            "username": "username", "password": "pa\"s$s #w'd", "authentication": "login",
            "openssl_verify_mode": "none", "timeout": 15,
            "from": "Vault Warden <vaultwarden@domain.tld>",
        },
        [],
        ["", "port", "timeout"],
    ),
    Sample(
        "vaultwarden",
        "SMTP_HOST=a.example\nSMTP_FROM=v@a.example\nSMTP_EXPLICIT_TLS=true\nSMTP_SSL=true\n"
        "SMTP_PORT=465\nSMTP_USERNAME=v\nSMTP_PASSWORD_FILE=/run/secrets/smtp\n",
        {
            "host": "a.example", "port": 465, **SSL, "username": "v",
            "password": {"file": "/run/secrets/smtp"}, "from": "v@a.example",
        },
        [],
        ["authentication"],
    ),
    Sample(
        "laravel",
        """\
APP_NAME="My Shop"
APP_URL=https://shop.example

MAIL_MAILER=smtp
MAIL_SCHEME=null
MAIL_HOST=smtp.mailgun.org
MAIL_PORT=587
MAIL_USERNAME="post master"
MAIL_PASSWORD='"quoted"'
MAIL_FROM_ADDRESS="hello@shop.example"
MAIL_FROM_NAME="${APP_NAME}"
MAIL_ENCRYPTION=ssl
""",
        {
            "host": "smtp.mailgun.org", "port": 587, "domain": "shop.example", **AUTO,
            "username": "post master", "password": "quoted",
            "from": "My Shop <hello@shop.example>",
        },
        ["MAIL_ENCRYPTION"],
        ["encryption", "domain", "authentication", ""],
    ),
    Sample(
        "laravel",
        "MAIL_MAILER=log\nMAIL_HOST=127.0.0.1\nMAIL_PORT=465\nMAIL_USERNAME=null\n"
        "MAIL_PASSWORD=(null)\nMAIL_EHLO_DOMAIN=me.example\n",
        {"host": "127.0.0.1", "port": 465, "domain": "me.example", **SSL},
        ["MAIL_MAILER"],
    ),
    Sample(
        "nextcloud",
        "POSTGRES_DB=nextcloud\nSMTP_HOST=mail.example.net\nSMTP_SECURE=tls\nSMTP_PORT=587\n"
        "SMTP_AUTHTYPE=LOGIN\nSMTP_NAME=cloud\nSMTP_PASSWORD=a=b#c\nMAIL_FROM_ADDRESS=cloud\n"
        "MAIL_DOMAIN=example.net\n",
        {
            "host": "mail.example.net", "port": 587, **AUTO, "username": "cloud",
            "password": "a=b#c", "from": "cloud@example.net",
        },
        [],
        ["encryption", "authentication"],
    ),
    Sample(
        "django",
        '''\
"""Django settings."""
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
PATTERN = "\\d"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "smtp." + "example.net"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", 587))
EMAIL_HOST_USER = 'django'
EMAIL_HOST_PASSWORD = os.environ["EMAIL_PASSWORD"]
EMAIL_USE_TLS: bool = True
DEFAULT_FROM_EMAIL = "Shop <shop@example.net>"
if DEBUG:
    EMAIL_TIMEOUT = 5
''',
        {
            "port": 587, **TLS, "username": "django", "password": {"env": "EMAIL_PASSWORD"},
            "from": "Shop <shop@example.net>",
        },
        ["EMAIL_HOST", "EMAIL_TIMEOUT"],
        ["authentication", ""],
    ),
    Sample(
        "django",
        "EMAIL_HOST = 'a.example'\nEMAIL_USE_TLS = True\nEMAIL_USE_SSL = True\n"
        "EMAIL_HOST_PASSWORD = config('SECRET', default='wonderland')\n",
        {
            "host": "a.example", "port": 25, **SSL, "password": {"env": "SECRET"},
            "from": "webmaster@localhost",
        },
        ["EMAIL_USE_TLS"],
        ["port", "from"],
    ),
    Sample(
        "django",
        "EMAIL_HOST=a.example\nEMAIL_PORT=465\nEMAIL_USE_SSL=True\nEMAIL_HOST_USER=me\n"
        "EMAIL_HOST_PASSWORD='a b'\n",
        {
            "host": "a.example", "port": 465, **SSL, "username": "me", "password": "a b",
            "from": "webmaster@localhost",
        },
        [],
        ["authentication", "from"],
        name=".env",
    ),
    Sample(
        "django",
        "# mail\nEMAIL_HOST=smtp.example.net\nEMAIL_PORT=587\nEMAIL_USE_TLS=True\n"
        "EMAIL_HOST_USER=me@example.net\nEMAIL_HOST_PASSWORD='a b'\n"
        "DEFAULT_FROM_EMAIL=app@example.net\n",
        {
            "host": "smtp.example.net", "port": 587, **TLS, "username": "me@example.net",
            "password": "a b", "from": "app@example.net",
        },
        [],
        ["", "authentication"],
    ),
    Sample(
        "node",
        """\
DATABASE_URL=postgres://app@localhost/app
SMTP_HOST=smtp.example.net
SMTP_PORT=587
SMTP_SECURE=false   # true for 465, false for other ports
SMTP_USER=app@example.net
SMTP_PASS='pa$$ #1'
SMTP_FROM="App <app@example.net>"
SMTP_COLOUR=blue
""",
        {
            "host": "smtp.example.net", "port": 587, **AUTO, "username": "app@example.net",
            "password": "pa$$ #1", "from": "App <app@example.net>",
        },
        ["SMTP_COLOUR"],
        ["starttls_auto", "authentication"],
    ),
    Sample(
        "node",
        "EMAIL_HOST=a.example\nEMAIL_PORT=465\nEMAIL_USER=me\nEMAIL_PASS=hunter2\nEMAIL_FROM=me@a.example\n"
        "EMAIL_SECURE=true\n",
        {
            "host": "a.example", "port": 465, **SSL, "username": "me", "password": "hunter2",
            "from": "me@a.example",
        },
        [],
        ["authentication"],
    ),
    Sample(
        "node",
        "MAIL_HOST=a.example\nMAIL_PORT=587\nMAIL_USER=me\nMAIL_PASSWORD=hunter2\nMAIL_SECURE=tls\n",
        {"host": "a.example", "port": 587, "username": "me", "password": "hunter2"},
        ["MAIL_SECURE"],
        ["authentication"],
    ),
    Sample(
        "rails",
        """\
Rails.application.configure do
  config.action_mailer.delivery_method = :smtp
  # config.action_mailer.smtp_settings = { address: "old.example" }
  config.action_mailer.default_options = { from: "Shop <shop@example.net>" }
  config.action_mailer.smtp_settings = {
    address:              'smtp.example.net', # the relay
    :port              => 587,
    "domain"           => "it\\"s.example",
    user_name:            ENV["SMTP_USER"],
    password:             ENV.fetch("SMTP_PASSWORD") { "none" },
    authentication:       :login,
    enable_starttls:      true,
    open_timeout:         5,
    openssl_verify_mode:  OpenSSL::SSL::VERIFY_NONE,
    ca_file: Rails.root.join("ca", "x, y.pem").to_s,
    return_response: true
  }
end
""",
        {
            "host": "smtp.example.net", "port": 587, **TLS, "password": {"env": "SMTP_PASSWORD"},
            "authentication": "login", "openssl_verify_mode": "none",
            "from": "Shop <shop@example.net>",
        },
        ["domain", "user_name", "open_timeout", "ca_file", "return_response"],
    ),
    Sample(
        "rails",
        "ActionMailer::Base.smtp_settings = {address: 'a.example', user_name: \"me#{1}\",\n"
        "  password: 'it\\'s \\\\ #{x}', ssl: true, port: 465, openssl_verify_mode: 1}\n",
        {
            "host": "a.example", "port": 465, "domain": "localhost.localdomain", **SSL,
            "password": "it's \\ #{x}", "openssl_verify_mode": "peer",
        },
        ["user_name"],
        ["domain"],
    ),
    Sample(
        "msmtp",
        """\
# Set default values for all following accounts.
defaults
auth           on
tls            on
tls_trust_file /etc/ssl/certs/ca-certificates.crt
logfile        ~/.msmtp.log

account        gmail
host           smtp.gmail.com
port           587
from           username@gmail.com
user           username
passwordeval   "gpg --quiet --decrypt ~/.msmtp-gmail.gpg"

account        isp
host           mail.isp.example
tls_starttls   off
from           me@isp.example
user           me
password       " sp a#ce "
timeout        60

account default : isp
""",
        {
            "host": "mail.isp.example", "port": 465, "domain": "localhost", **SSL,
            "username": "me", "password": " sp a#ce ", "from": "me@isp.example", "timeout": 60,
            "ca_file": "/etc/ssl/certs/ca-certificates.crt",
        },
        [],
        ["", "timeout", "port", "domain"],
    ),
    Sample(
        "msmtp",
        "account x\nhost a.example\ntls\nauth scram-sha-256\nuser me\nfrom %U@a.example\n"
        "passwordeval pass show 'mail me'\ntls_fingerprint 00:11\ngssapi x\n",
        {
            "host": "a.example", "port": 25, "domain": "localhost", **TLS, "username": "me",
            "password": {"command": ["pass", "show", "mail me"]}, "authentication": "scram-sha-256",
        },
        ["from", "tls_fingerprint", "gssapi"],
        ["port", "domain"],
    ),
    Sample(
        "msmtp",
        "host a.example\nauth\nuser me\npasswordeval gpg -d ~/x | head -1\n",
        {
            "host": "a.example", "port": 25, "domain": "localhost", **OPEN, "username": "me",
            "password": {"command": ["sh", "-c", "gpg -d ~/x | head -1"]},
        },
        [],
        ["port", "domain"],
    ),
    Sample(
        "postfix",
        """\
# See /usr/share/postfix/main.cf.dist for a commented, more complete version
myhostname = box.example.org
mydestination = $myhostname, localhost
relayhost = [smtp.example.net]:submission
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps =
    hash:/etc/postfix/sasl_passwd
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = plain
smtp_tls_security_level = encrypt
smtp_tls_CAfile = $config/ca.pem
smtp_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1
smtp_tls_policy_maps = hash:/etc/postfix/tls
""",
        {
            "host": "smtp.example.net", "port": 587, "domain": "box.example.org", **TLS,
            "username": "alice", "password": "pa:s $#", "authentication": "plain",
            "openssl_verify_mode": "none", "tls_minimum": "1.1",
        },
        ["smtp_tls_CAfile", "smtp_tls_policy_maps"],
        ["openssl_verify_mode"],
        beside={
            "sasl_passwd": "# c\n[other]:587 bob:x\n[smtp.example.net]:submission\talice:pa:s $#\n"
        },
    ),
    Sample(
        "postfix",
        "relayhost = mail.example.net\nsmtp_use_tls = yes\nsmtp_sasl_auth_enable = yes\n"
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\nsmtp_bind_address = 192.0.2.1\n",
        {
            "host": "mail.example.net", "port": 25, **AUTO, "openssl_verify_mode": "none",
            "source_address": "192.0.2.1",
        },
        ["smtp_sasl_password_maps"],
        ["host", "starttls_auto", "openssl_verify_mode", "authentication", "port"],
    ),
    Sample(
        "postfix",
        "relayhost = [2001:db8::1]:465\nsmtp_tls_wrappermode = yes\n"
        "smtp_tls_security_level = secure\nsmtp_tls_CAfile = /etc/ca.pem\ninet_protocols = ipv6\n",
        {
            "host": "2001:db8::1", "port": 465, **SSL, "authentication": "none",
            "ca_file": "/etc/ca.pem", "address_family": "ipv6",
        },
    ),
    # go-gitea/gitea, custom/conf/app.example.ini at 000bf88c, without the signs before a
    # section and its keys; MIT.
    Sample(
        "gitea",
        """\
[mailer]
;; NOTICE: this section is for Gitea 1.18 and later.
ENABLED = false
;; Buffer length of channel, keep it as it is if you don't know what it is.
SEND_BUFFER_LEN = 100
;; Prefix displayed before subject in mail
SUBJECT_PREFIX =
;; Mail server protocol. One of "smtp", "smtps", "smtp+starttls", "smtp+unix", "sendmail", "dummy".
PROTOCOL =
SMTP_ADDR =
SMTP_PORT =
;; Enable HELO operation. Defaults to true.
ENABLE_HELO = true
HELO_HOSTNAME =
FORCE_TRUST_SERVER_CERT = false
USE_CLIENT_CERT = false
CLIENT_CERT_FILE = custom/mailer/cert.pem
CLIENT_KEY_FILE = custom/mailer/key.pem
FROM =
ENVELOPE_FROM =
USER =
;; Use PASSWD = `your password` for quoting if you use special characters in the password.
PASSWD =
SEND_AS_PLAIN_TEXT = false
SENDMAIL_PATH = sendmail
SENDMAIL_ARGS =
SENDMAIL_TIMEOUT = 5m
SENDMAIL_CONVERT_CRLF = true
""",
        SSL,
        [],
        ["", "port"],
    ),
    Sample(
        "gitea",
        """\
APP_NAME = Gitea: Git with a cup of tea
[database]
PASSWD = other
[mailer]
ENABLED        = true
;PROTOCOL      = smtps
PROTOCOL       = smtp+starttls ; where offered
SMTP_ADDR      = smtp.example.net
SMTP_PORT      = 587
FROM           = "Gitea" <gitea@example.net>
USER           = gitea@example.net
PASSWD         = `pa#ss;w`ord`
FORCE_TRUST_SERVER_CERT = true
COLOUR = blue
[log]
LEVEL = Info
""",
        {
            "host": "smtp.example.net", "port": 587, **AUTO, "username": "gitea@example.net",
            "password": "pa#ss;w`ord", "openssl_verify_mode": "none",
            "from": '"Gitea" <gitea@example.net>',
        },
        ["COLOUR"],
        ["starttls_auto", "authentication"],
    ),
    Sample(
        "gitea",
        "[mailer]\nENABLED=true\nHOST=a.example:465\nIS_TLS_ENABLED=true\n"
        "USER=me\nPASSWD=\"a b\"\n",
        {"host": "a.example", "port": 465, **SSL, "username": "me", "password": "a b"},
        [],
        ["authentication"],
    ),
    # grafana/grafana, conf/defaults.ini at 002060fd: the files before and after are merged
    # with it; AGPL-3.0.
    Sample(
        "grafana",
        '''\
#################################### SMTP / Emailing #####################
[smtp]
enabled = false
host = localhost:25
user =
# If the password contains # or ; you have to wrap it with triple quotes. Ex """#password;"""
password =
cert_file =
key_file =
skip_verify = false
from_address = admin@grafana.localhost
from_name = Grafana
ehlo_identity =
startTLS_policy =

[emails]
welcome_email_on_sign_up = false
templates_pattern = emails/*.html, emails/*.txt
content_types = text/html
''',
        {
            "host": "localhost", "port": 25, **AUTO,
            "from": "Grafana <admin@grafana.localhost>",
        },
        [],
        ["", "starttls_auto"],
    ),
    # pkg/services/notifications/smtp.go at 02e8924d: the case of a policy counts.
    Sample(
        "grafana",
        "[smtp]\nenabled = true\nhost = a.example:587\nstartTLS_policy = nostarttls\n",
        {
            "host": "a.example", "port": 587, **AUTO,
            "from": "Grafana <admin@grafana.localhost>",
        },
        ["startTLS_policy"],
        ["starttls_auto", "from"],
    ),
    Sample(
        "grafana",
        '''\
#################################### SMTP / Emailing ##########################
[smtp]
enabled = true
host = smtp.example.net:587
user = graf
# If the password contains # or ; you have to wrap it with triple quotes. Ex """#password;"""
password = """#pass;word"""
;cert_file =
skip_verify = false
from_address = admin@grafana.example
from_name = Grafana Bot
ehlo_identity = dash.example
startTLS_policy = MandatoryStartTLS

[emails]
welcome_email_on_sign_up = false
''',
        {
            "host": "smtp.example.net", "port": 587, "domain": "dash.example", **TLS,
            "username": "graf", "password": "#pass;word",
            "from": "Grafana Bot <admin@grafana.example>",
        },
        [],
        ["authentication"],
    ),
    Sample(
        "grafana",
        "[smtp]\nenabled = true\nhost = [::1]:465\nuser = u\npassword = $__file{/run/secret}\n"
        "skip_verify = true\nstartTLS_policy = Sometimes\n",
        {
            "host": "::1", "port": 465, **SSL, "username": "u",
            "password": {"file": "/run/secret"}, "openssl_verify_mode": "none",
            "from": "Grafana <admin@grafana.localhost>",
        },
        ["startTLS_policy"],
        ["authentication", "from"],
    ),
    Sample(
        "alertmanager",
        """\
global:
  # The smarthost and SMTP sender used for mail notifications.
  smtp_smarthost: 'localhost:2525'
  smtp_from: 'alertmanager@example.org'
  smtp_auth_username: alertmanager
  smtp_auth_password: "pa: 'ss #"
  smtp_auth_identity: other
  smtp_tls_config:
    insecure_skip_verify: true
    min_version: TLS13
route:
  receiver: team
receivers:
  - name: team
    email_configs:
      - to: team@example.org
""",
        {
            "host": "localhost", "port": 2525, "domain": "localhost", **TLS,
            "username": "alertmanager", "password": "pa: 'ss #", "openssl_verify_mode": "none",
            "from": "alertmanager@example.org", "tls_minimum": "1.3",
        },
        ["smtp_auth_identity"],
        ["domain", "authentication"],
    ),
    Sample(
        "alertmanager",
        "receivers:\n  - name: x\n    email_configs:\n      - to: a@example.org\n"
        "        smarthost: a.example:465\n        require_tls: false\n"
        "        from: b@example.org\n"
        "        auth_username: b\n        auth_secret: s3\n",
        {
            "host": "a.example", "port": 465, "domain": "localhost", **SSL, "username": "b",
            "password": "s3", "authentication": "cram-md5", "from": "b@example.org",
        },
        [],
        ["", "domain"],
    ),
    Sample(
        "nodemailer",
        """\
{
  "pool": true,
  "host": "smtp.example.net",
  "port": 465,
  "name": "app.example",
  "auth": { "user": "me", "pass": "p\\u00e4ss \\"w\\"" },
  "tls": { "rejectUnauthorized": false, "minVersion": "TLSv1.2" },
  "connectionTimeout": 1000
}
""",
        {
            "host": "smtp.example.net", "port": 465, "domain": "app.example", **SSL,
            "username": "me", "password": 'päss "w"', "openssl_verify_mode": "none",
            "tls_minimum": "1.2",
        },
        ["connectionTimeout"],
        ["authentication"],
    ),
    Sample(
        "nodemailer",
        '{"mail": {"host": "a.example", "secure": "false",'
        ' "auth": {"type": "OAuth2", "user": "me", "accessToken": "tok"}}}',
        {
            "host": "a.example", "port": 587, **AUTO, "username": "me", "password": "tok",
            "authentication": "xoauth2",
        },
        ["secure"],
        ["", "port", "starttls_auto"],
    ),
    Sample(
        "nodemailer",
        '{"service": "gmail", "auth": {"user": "me", "pass": "tok"}}',
        {"username": "me", "password": "tok"},
        ["service"],
        ["authentication"],
    ),
    Sample(
        "nodemailer",
        '{"service": "gmail", "host": "a.example", "secure": true}',
        {"host": "a.example", **SSL},
        ["service"],
        [],
    ),
    Sample(
        "url",
        "smtps://me%40example.org:p%40ss%2Fw%25@mail.example.org?local_domain=x.example\n",
        {
            "host": "mail.example.org", "port": 465, "domain": "x.example", **SSL,
            "username": "me@example.org", "password": "p@ss/w%",
        },
        [],
        ["port"],
    ),
    Sample(
        "url",
        "smtp://user:hunter2@[2001:db8::1]:587/?tls=required&verify_peer=0&pool=1",
        {
            "host": "2001:db8::1", "port": 587, **TLS, "username": "user", "password": "hunter2",
            "openssl_verify_mode": "none",
        },
        ["pool"],
    ),
    Sample(
        "url",
        "smtp://mail.example.org",
        {"host": "mail.example.org", **AUTO},
        [],
        ["port", "starttls_auto"],
    ),
    Sample(
        "swaks",
        """\
$ swaks --to user@example.com --server test-server.example.net:587 --auth CRAM-MD5 \\
    --auth-user me@example.com --auth-password='it'"'"'s $5' -tls --tls-verify \\
    --ehlo me.example --h-From: '"X" <x@example.com>' --timeout 2m --colour blue -n
""",
        {
            "host": "test-server.example.net", "port": 587, "domain": "me.example", **TLS,
            "username": "me@example.com", "password": "it's $5", "authentication": "cram-md5",
            "timeout": 120,
        },
        ["colour"],
    ),
    Sample(
        "swaks",
        'swaks -s a.example -tlsc -au me -ap "$SECRET" -f me@example.org -6 | tee log\n',
        {
            "host": "a.example", "port": 465, **SSL, "username": "me",
            "password": {"env": "SECRET"}, "openssl_verify_mode": "none",
            "from": "me@example.org", "address_family": "ipv6",
        },
        [],
        ["openssl_verify_mode", "port"],
    ),
    Sample(
        "swaks",
        'swaks -s a.example:587 -tls --tls-verify -au me -ap "pw$x"\n',
        {"host": "a.example", "port": 587, **TLS, "username": "me"},
        ["auth-password"],
    ),
]  # fmt: skip
SAMPLES += APPLICATIONS
