"""The applications' own samples in YAML, JSON and properties, with the lines about mail filled in.

Each names its source, version and licence; hosts, names and passwords are made up.
"""

from __future__ import annotations

from tests.interchange.sample import AUTO, OPEN, SSL, TLS, Sample

TREE_SAMPLES = [
    # docs/usage/configuration/config_documentation.md of Synapse 1.157.1, AGPL-3.0.
    Sample(
        "synapse",
        """\
server_name: "synapse.example"
pid_file: /data/homeserver.pid
report_stats: true
email:
  smtp_host: mail.server.example
  smtp_port: 587
  smtp_user: exampleusername
  smtp_pass: "it's #5: $x"  # ours
  force_tls: false
  require_transport_security: true
  tlsname: mail.server.example.com
  notif_from: Your Friendly %(app)s homeserver <noreply@example.com>
  app_name: my_branded_matrix_server
  enable_notifs: true
  notif_for_new_users: false
  client_base_url: http://localhost/riot
  validation_token_lifetime: 15m
  smtp_colour: blue
  subjects:
    password_reset: '[%(server_name)s] Password reset'
trusted_key_servers:
  - server_name: "matrix.org"
""",
        {
            "host": "mail.server.example", "port": 587, **TLS, "username": "exampleusername",
            "password": "it's #5: $x", "server_name": "mail.server.example.com",
            "from": "Your Friendly my_branded_matrix_server homeserver <noreply@example.com>",
        },
        ["email.smtp_colour"],
        ["authentication"],
        name="homeserver.yaml",
    ),
    Sample(
        "synapse",
        "listeners: []\nemail:\n  notif_from: a@b.example\n  force_tls: yes\n",
        {"host": "localhost", "port": 465, **SSL, "from": "a@b.example"},
        [],
        ["host", "port"],
    ),
    Sample(
        "synapse",
        "report_stats: no\nemail:\n  smtp_host: a.example\n  enable_tls: false\n  smtp_user:\n"
        "media_store_path: /x\n",
        {"host": "a.example", "port": 25, **OPEN},
        [],
        ["port"],
        name="",
    ),
    # config.template.yml of Authelia 4.39.20, Apache-2.0, without most of its comments.
    Sample(
        "authelia",
        """\
identity_validation:
  reset_password:
    jwt_secret: 'a_very_important_secret'
notifier:
  ## You can disable the notifier startup check by setting this to true.
  disable_startup_check: false
  smtp:
    ## The address of the SMTP server to connect to in the address common syntax.
    address: 'submission://127.0.0.1:25'
    ## The connection timeout in the duration common syntax.
    timeout: '5 seconds'
    username: 'test'
    password: 'wonder''land'
    sender: 'Authelia <admin@example.com>'
    ## HELO/EHLO Identifier. Some SMTP Servers may reject the default of localhost.
    identifier: 'localhost'
    subject: '[Authelia] {title}'
    startup_check_address: 'test@authelia.com'
    disable_require_tls: false
    disable_html_emails: false
    tls:
      server_name: 'smtp.example.com'
      skip_verify: false
      minimum_version: 'TLS1.2'
      maximum_version: 'TLS1.3'
""",
        {
            "host": "127.0.0.1", "port": 25, "domain": "localhost", **TLS, "username": "test",
            "password": "wonder'land", "from": "Authelia <admin@example.com>", "timeout": 5,
            "server_name": "smtp.example.com", "tls_minimum": "1.2",
        },
        ["notifier.smtp.tls.maximum_version"],
        ["authentication", "timeout"],
    ),
    # Only the scheme decides about implicit TLS: at smtp:// the port 465 means STARTTLS.
    Sample(
        "authelia",
        "notifier:\n  smtp:\n    address: smtp://a.example:465\n    sender: x@a.example\n"
        '    password: "{{ secret `/run/secret` }}"\n    timeout: 1m\n'
        "    disable_starttls: false\n",
        {
            "host": "a.example", "port": 465, "domain": "localhost", **TLS, "from": "x@a.example",
            "timeout": 60, "tls_minimum": "1.2",
        },
        ["notifier.smtp.password"],
        ["domain", "timeout", "tls_minimum"],
    ),
    Sample(
        "authelia",
        "notifier:\n  smtp:\n    address: submissions://a.example\n    sender: x@a.example\n"
        "    tls: {skip_verify: true}\n",
        {
            "host": "a.example", "port": 465, "domain": "localhost", **SSL,
            "openssl_verify_mode": "none", "from": "x@a.example", "timeout": 5,
            "tls_minimum": "1.2",
        },
        [],
        ["port", "domain", "timeout", "tls_minimum"],
    ),
    Sample(
        "authelia",
        "notifier:\n  smtp:\n    host: a.example\n    port: 465\n    sender: x@a.example\n"
        "    identifier: me.example\n    disable_require_tls: true\n",
        {
            "host": "a.example", "port": 465, "domain": "me.example", **SSL, "from": "x@a.example",
            "timeout": 5, "tls_minimum": "1.2",
        },
        [],
        ["timeout", "tls_minimum"],
    ),
    # example/config.yaml of GoToSocial 0.20, AGPL-3.0.
    Sample(
        "gotosocial",
        """\
# String. Hostname that this server will be reachable at.
host: "localhost"
account-domain: ""
db-type: "postgres"
db-password: ""
#######################
##### SMTP CONFIG #####
#######################
# String. The hostname of the smtp server you want to use.
# Examples: ["mail.example.org", "localhost"]
smtp-host: "mail.example.org"
# Int. Port to use to connect to the smtp server.
smtp-port: 587
smtp-username: "maillord@example.org"
smtp-password: "1234"
# String. 'From' address for sent emails.
smtp-from: "mail@example.org"
smtp-disclose-recipients: false
##### SYSLOG CONFIG #####
syslog-enabled: false
""",
        {
            "host": "mail.example.org", "port": 587, **AUTO, "username": "maillord@example.org",
            "password": "1234", "from": "mail@example.org",
        },
        [],
        ["starttls_auto", "authentication"],
    ),
    # server/server.yml of ntfy 2.13, Apache-2.0.
    Sample(
        "ntfy",
        """\
# ntfy server config file
# All options also support underscores (_) instead of dashes (-) to comply with the YAML spec.
base-url: https://ntfy.example
# - smtp-sender-addr is the hostname:port of the SMTP server
# - smtp-sender-from is the e-mail address of the sender
smtp-sender-addr: "mail.example.org:587"
smtp_sender_from: ntfy@example.org
smtp-sender-user: ntfy
smtp-sender-pass: 'a: b'
# If enabled, ntfy will launch a lightweight SMTP server for incoming messages.
smtp-server-listen: ":25"
smtp-server-domain: ntfy.example
""",
        {
            "host": "mail.example.org", "port": 587, **AUTO, "username": "ntfy",
            "password": "a: b", "from": "ntfy@example.org",
        },
        [],
        ["starttls_auto", "authentication"],
    ),
    # config.yml.sample of Vikunja 2.5, AGPL-3.0: config-raw.json makes it.
    Sample(
        "vikunja",
        """\
service:
  # The public facing URL where your users can reach Vikunja.
  publicurl: ""
database:
  host: localhost
  password: ""
mailer:
  # Whether to enable the mailer or not.
  enabled: false
  # SMTP Host
  host: "mail.example.org"
  port: 587
  # SMTP Auth Type. Can be either `plain`, `login` or `cram-md5`.
  authtype: "cram-md5"
  username: "user"
  password:
    file: /run/secrets/mail
  skiptlsverify: true
  fromEmail: "mail@vikunja"
  queuelength: 100
  queuetimeout: 30
  # By default, Vikunja will try to connect with starttls, use this option to force it to use ssl.
  forcessl: false
""",
        {
            "host": "mail.example.org", "port": 587, **AUTO, "username": "user",
            "password": {"file": "/run/secrets/mail"}, "authentication": "cram-md5",
            "openssl_verify_mode": "none", "from": "mail@vikunja",
        },
        [],
        ["", "starttls_auto"],
    ),
    # The page of the integration "smtp" in Home Assistant's documentation, CC BY-NC-SA 4.0.
    Sample(
        "home-assistant",
        """\
# Example configuration.yaml entry
homeassistant:
  packages: !include_dir_named packages
notify:
  - platform: file
    filename: x
  - name: "NOTIFIER_NAME"
    platform: smtp
    server: "mail.example.org"
    port: 465
    timeout: 15
    sender: "sender@example.org"
    encryption: tls
    username: "YOUR_SMTP_USERNAME"
    password: !secret smtp_password
    recipient:
      - "RECIPIENT_1"
      - "RECIPIENT_2"
    sender_name: "SENDER_NAME"
    verify_ssl: false
""",
        {
            "host": "mail.example.org", "port": 465, **SSL, "username": "YOUR_SMTP_USERNAME",
            "openssl_verify_mode": "none", "from": "SENDER_NAME <sender@example.org>",
            "timeout": 15,
        },
        ["password"],
        ["authentication", "timeout"],
    ),
    Sample(
        "home-assistant",
        "- platform: smtp\n  name: a\n  recipient: x@a.example\n  server: a.example\n"
        "- platform: smtp\n  name: b\n  recipient: x@a.example\n  encryption: none\n",
        {"host": "a.example", "port": 587, **TLS, "timeout": 5},
        [],
        ["", "port", "timeout"],
        name="notify.yaml",
    ),
    # cmd/notification-email/email.yaml of CrowdSec 1.7.5, MIT.
    Sample(
        "crowdsec",
        """\
type: email           # Don't change
name: email_default   # Must match the registered plugin in the profile
log_level: info
timeout: 20s          # Time to wait for response from the plugin
format: |
  <html><body>
  {{range . -}}
    {{$alert := . -}}
  {{end -}}
  </body></html>
smtp_host: mail.example.org            # example: smtp.gmail.com
smtp_username: guard        # Replace with your actual username
smtp_password: ${MAIL_SECRET}        # Replace with your actual password
smtp_port: 465            # Common values are any of [25, 465, 587, 2525]
auth_type: plain           # Valid choices are "none", "crammd5", "login", "plain"
sender_name: "CrowdSec"
sender_email: foo@example.org         # example: foo@gmail.com
email_subject: "CrowdSec Notification"
receiver_emails:
# - email1@gmail.com
# One of "ssltls", "starttls", "none"
encryption_type: "ssltls"
---
# type: email
""",
        {
            "host": "mail.example.org", "port": 465, "domain": "localhost", **SSL,
            "username": "guard", "password": {"env": "MAIL_SECRET"}, "authentication": "plain",
            "from": "CrowdSec <foo@example.org>",
        },
        [],
        ["domain"],
        name="email.yaml",
    ),
    # docs.ghost.org/config, Ghost 5 and 6, MIT.
    Sample(
        "ghost-json",
        """\
{
  "url": "http://localhost:2368",
  "database": {
    "client": "mysql",
    "connection": {"host": "127.0.0.1", "port": 3306, "user": "root", "password": "hidden"}
  },
  "mail": {
    "from": "'Acme Support' <support@example.com>",
    "transport": "SMTP",
    "options": {
      "host": "mail.example.org",
      "port": 465,
      "secureConnection": true,
      "auth": {"user": "postmaster@example.mailgun.org", "pass": "wonder\\"land"}
    }
  },
  "logging": {"transports": ["file", "stdout"]}
}
""",
        {
            "host": "mail.example.org", "port": 465, **SSL,
            "username": "postmaster@example.mailgun.org", "password": 'wonder"land',
            "from": "'Acme Support' <support@example.com>",
        },
        [],
        ["authentication"],
    ),
    # What the admin page of Vaultwarden 1.37 writes, AGPL-3.0 (src/config.rs).
    Sample(
        "vaultwarden-json",
        """\
{
  "domain": "https://vault.example",
  "signups_allowed": false,
  "admin_token": "$argon2id$v=19$m=65540,t=3,p=4$x",
  "_enable_smtp": true,
  "smtp_host": "mail.example.org",
  "smtp_security": "force_tls",
  "smtp_port": 465,
  "smtp_from": "vault@example.org",
  "smtp_from_name": "Vaultwarden",
  "smtp_username": "vault",
  "smtp_password": "a\\\\b",
  "smtp_timeout": 15,
  "smtp_embed_images": true,
  "smtp_accept_invalid_certs": false,
  "smtp_accept_invalid_hostnames": false
}
""",
        {
            "host": "mail.example.org", "port": 465, **SSL, "username": "vault",
            "password": "a\\b", "from": "Vaultwarden <vault@example.org>", "timeout": 15,
        },
        [],
        ["authentication", "timeout"],
    ),
    # A realm's export of Keycloak 26, Apache-2.0, cut to the realm's beginning.
    Sample(
        "keycloak",
        """\
{
  "id": "ec8cb4e2",
  "realm": "demo",
  "enabled": true,
  "passwordPolicy": "length(8)",
  "smtpServer": {
    "replyToDisplayName": "",
    "starttls": "true",
    "auth": "true",
    "port": "587",
    "host": "mail.example.org",
    "replyTo": "",
    "password": "**********",
    "from": "keycloak@example.org",
    "fromDisplayName": "Keycloak",
    "envelopeFrom": "",
    "ssl": "false",
    "user": "sender"
  },
  "users": [{"username": "u", "host": "x", "port": 1}]
}
""",
        {
            "host": "mail.example.org", "port": 587, **AUTO, "username": "sender",
            "from": "Keycloak <keycloak@example.org>",
        },
        ["smtpServer.password"],
        ["starttls_auto", "authentication"],
    ),
    Sample(
        "keycloak",
        '[{"realm": "master", "smtpServer": {}}, {"realm": "a", "smtpServer": {"host": "a.example",'
        ' "from": "x@a.example", "ssl": "true", "auth": "false", "password": "${MAIL_SECRET}"}}]\n',
        {
            "host": "a.example", "port": 465, **SSL, "authentication": "none",
            "from": "x@a.example",
        },
        [],
        ["port"],
    ),
    # config/configuration.yml.example of Redmine 6, GPL-2.0.
    Sample(
        "redmine",
        """\
# = Redmine configuration file
# default configuration options for all environments
default:
  # Outgoing emails configuration
  email_delivery:
    delivery_method: :smtp
    smtp_settings:
      enable_starttls_auto: true
      address: "smtp.gmail.com"
      port: 587
      domain: "smtp.gmail.com" # 'your.domain.com' for GoogleApps
      authentication: :login
      user_name: "your_email@gmail.com"
      password: "<%= ENV['MAIL_SECRET'] %>"
  attachments_storage_path:
  scm_subversion_command:
# specific configuration options for production environment
production:
development:
""",
        {
            "host": "smtp.gmail.com", "port": 587, "domain": "smtp.gmail.com", **AUTO,
            "username": "your_email@gmail.com", "password": {"env": "MAIL_SECRET"},
            "authentication": "login",
        },
        [],
        ["starttls_auto"],
    ),
    Sample(
        "redmine",
        "production:\n  email_delivery:\n    delivery_method: :sendmail\n    smtp_settings:\n"
        "      address: a.example\n      tls: true\n      port: 465\n      colour: blue\n",
        {
            "host": "a.example", "port": 465, "domain": "localhost.localdomain", **SSL,
        },
        ["delivery_method", "colour"],
        ["domain"],
    ),
    # The reference of Spring Boot 3.5, Apache-2.0.
    Sample(
        "spring",
        """\
server:
  port: 8080
spring:
  application.name: shop
  datasource:
    url: jdbc:postgresql://db/shop
    username: shop
    password: x
  mail:
    host: "mail.example.org"
    port: 587
    username: shop@example.org
    password: ${MAIL_SECRET:}
    default-encoding: UTF-8
    properties:
      mail:
        smtp:
          auth: true
          connectiontimeout: 5000
          starttls.enable: true
      "[mail.smtp.starttls.required]": true
""",
        {
            "host": "mail.example.org", "port": 587, **TLS, "username": "shop@example.org",
            "password": {"env": "MAIL_SECRET"},
        },
        ["spring.mail.properties.mail.smtp.connectiontimeout"],
        ["authentication"],
        name="application.yml",
    ),
    Sample(
        "spring",
        "spring.mail.host: a.example\nspring.mail:\n  protocol: smtps\n  username: u\n"
        "  password: sesame\n",
        {"host": "a.example", "port": 465, **SSL, "username": "u", "password": "sesame"},
        [],
        ["port", "authentication"],
    ),
    Sample(
        "spring-properties",
        """\
# Mail
spring.application.name=shop
spring.datasource.password=hidden
spring.mail.host=mail.example.org
spring.mail.port = 465
spring.mail.username : \\
    shop@example.org
spring.mail.password=caf\\u00e9 \\\\ \\
  #1
spring.mail.properties.mail.smtp.ssl.enable=true
spring.mail.properties.mail.smtp.ssl.trust=*
spring.mail.test-connection=true
""",
        {
            "host": "mail.example.org", "port": 465, **SSL, "username": "shop@example.org",
            "password": "café \\ #1", "openssl_verify_mode": "none",
        },
        [],
        ["authentication"],
        name="application.properties",
    ),
]  # fmt: skip
