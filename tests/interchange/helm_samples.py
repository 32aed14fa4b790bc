"""Sections of the charts' own values.yaml, with hosts, names and passwords filled in.

Each names its source, version and licence; most comments are left out.
"""

from __future__ import annotations

from tests.interchange.sample import AUTO, SSL, TLS, Sample

HELM_SAMPLES = [
    # nextcloud/helm, charts/nextcloud 9.2.4 at c968d8be, AGPL-3.0.
    Sample(
        "helm-nextcloud",
        """\
image:
  repository: nextcloud
nextcloud:
  host: nextcloud.kube.home
  username: admin
  password: changeme
  existingSecret:
    enabled: false
    # secretName: nameofsecret
    usernameKey: nextcloud-username
    passwordKey: nextcloud-password
    tokenKey: ""
    smtpUsernameKey: smtp-username
    smtpPasswordKey: smtp-password
    smtpHostKey: smtp-host
  update: 0
  mail:
    enabled: true
    # the user we send email as
    fromAddress: cloud
    # the domain we send email from
    domain: domain.com
    smtp:
      host: mail.domain.com
      secure: ssl
      port: 465
      authtype: LOGIN
      name: user
      password: 'it''s $$ #5'
  objectStore:
    s3:
      enabled: false
""",
        {
            "host": "mail.domain.com", "port": 465, **SSL, "username": "user",
            "password": "it's $$ #5", "from": "cloud@domain.com",
        },
        [],
        ["authentication"],
        name="values.yaml",
    ),
    # mastodon/chart 6.9.3 at 3c8d76d0, AGPL-3.0.
    Sample(
        "helm-mastodon",
        """\
mastodon:
  local_domain: mastodon.example
  smtp:
    auth_method: plain
    ca_file: /etc/ssl/certs/ca-certificates.crt
    delivery_method: smtp
    domain:
    enable_starttls: "auto"
    from_address: notifications@example.com
    return_path:
    openssl_verify_mode: peer
    port: 587
    reply_to:
    server: smtp.mailgun.org
    tls: false
    login: postmaster
    password: "sesame: #1"
    # -- Instead of defining login/password above, you can specify the name of an existing secret
    existingSecret:
    bulk:
      enabled: false
      auth_method: plain
      port: 587
      server: smtp.mailgun.org
      tls:
  streaming:
    port: 4000
redis:
  password: ""
""",
        {
            "host": "smtp.mailgun.org", "port": 587, "domain": "mastodon.example", **AUTO,
            "username": "postmaster", "password": "sesame: #1", "authentication": "plain",
            "openssl_verify_mode": "peer", "ca_file": "/etc/ssl/certs/ca-certificates.crt",
            "from": "notifications@example.com",
        },
        [],
        ["starttls_auto"],
        name="values.yaml",
    ),
    # guerzon/vaultwarden, charts/vaultwarden 0.43.1 at 057aa03e, MIT.
    Sample(
        "helm-vaultwarden",
        """\
domain: ""
signupsAllowed: true
smtp:
  existingSecret: ""
  host: mail.example.org
  security: "starttls"
  port: 25
  from: "vault@example.org"
  fromName: ""
  username:
    value: "juan"
    existingSecretKey: ""
  password:
    value: "Sup3rsecurepa$$word"
    existingSecretKey: ""
  authMechanism: "Plain"
  acceptInvalidHostnames: "false"
  acceptInvalidCerts: "false"
  heloName: ""
  debug: false
rocket:
  port: "8080"
""",
        {
            "host": "mail.example.org", "port": 25, **TLS, "username": "juan",
            "password": "Sup3rsecurepa$$word", "authentication": "plain",
            "from": "vault@example.org",
        },
        [],
        [],
        name="values.yaml",
    ),
    # goauthentik/helm, charts/authentik 2026.8.0 at 3467b817, GPL-3.0.
    Sample(
        "helm-authentik",
        """\
authentik:
  enabled: true
  log_level: info
  secret_key: ""
  existingSecret:
    # -- name of an existing secret to use for authentik configuration.
    secretName: ""
  email:
    # -- SMTP Server emails are sent from, fully optional
    host: "mail.example.org"
    port: 465
    username: "authentik"
    password: '"0123"'  # ours: Authentik reads JSON
    use_tls: false
    # -- Use SSL. Enable either use_tls or use_ssl, they can't be enabled at the same time.
    use_ssl: true
    timeout: 30
    from: "authentik <auth@example.org>"
  postgresql:
    host: "{{ .Release.Name }}-postgresql"
    port: 5432
postgresql:
  primary:
    pgHbaConfiguration: |-
      # TYPE  DATABASE        USER            ADDRESS                 METHOD
      host     all             all             0.0.0.0/0               scram-sha-256
""",
        {
            "host": "mail.example.org", "port": 465, **SSL, "username": "authentik",
            "password": "0123", "from": "authentik <auth@example.org>", "timeout": 30,
        },
        [],
        ["authentication", "timeout"],
        name="values.yaml",
    ),
    # sentry-kubernetes/charts, charts/sentry 25.20.0 at 9e5a15e0, MIT.
    Sample(
        "helm-sentry",
        """\
system:
  url: ""
  adminEmail: ""
mail:
  # For example: smtp
  backend: smtp
  useTls: true
  useSsl: false
  username: "sentry"
  password: "a$$$$b$$(HOME)"
  # existingSecret: secret-name
  ## set existingSecretKey if key name inside existingSecret is different from 'mail-password'
  # existingSecretKey: secret-key-name
  port: 587
  host: "mail.example.org"
  from: "sentry@example.org"
symbolicator:
  enabled: false
service:
  name: sentry
""",
        {
            "host": "mail.example.org", "port": 587, **TLS, "username": "sentry",
            "password": "a$$b$(HOME)", "from": "sentry@example.org",
        },
        [],
        ["authentication"],
        name="values.yaml",
    ),
    # Gitea's chart at 2d7a0d65, MIT; the mailer is ours.
    Sample(
        "helm-gitea",
        """\
gitea:
  admin:
    username: gitea_admin
    password: r8sA8CPHD9!bt6d
  config:
    #  APP_NAME: "Gitea: Git with a cup of tea"
    server:
      SSH_PORT: 22 # rootful image
    mailer:
      ENABLED: true
      PROTOCOL: smtps
      SMTP_ADDR: mail.example.org
      SMTP_PORT: 465
      FROM: git@example.org
      USER: git
      PASSWD: "  a;b#c  "
      COLOUR: blue
  additionalConfigSources: []
  #   - secret:
  #       secretName: gitea-app-ini-oauth
  additionalConfigFromEnvs: []
""",
        {
            "host": "mail.example.org", "port": 465, **SSL, "username": "git",
            "password": "a;b#c", "from": "git@example.org",
        },
        ["COLOUR"],
        ["authentication"],
        name="values.yaml",
    ),
    # grafana-community/helm-charts, charts/grafana 12.11.1 at 3386a115, Apache-2.0; the section
    # smtp of grafana.ini is ours.
    Sample(
        "helm-grafana",
        """\
adminUser: admin
grafana.ini:
  paths:
    data: /var/lib/grafana/
  server:
    domain: "{{ if .Values.ingress.enabled }}{{ .Values.ingress.hosts | first }}{{ end }}"
  smtp:
    enabled: true
    host: mail.example.org:587
    user: grafana
    password: '\"\"\"a#b;c\"\"\"'
    from_address: grafana@example.org
    from_name: Grafana
    startTLS_policy: MandatoryStartTLS
    colour: blue
smtp:
  # `existingSecret` is a reference to an existing secret containing the smtp configuration
  existingSecret: ""
  userKey: "user"
  passwordKey: "password"
assertNoLeakedSecrets: false
""",
        {
            "host": "mail.example.org", "port": 587, **TLS, "username": "grafana",
            "password": "a#b;c", "from": "Grafana <grafana@example.org>",
        },
        ["colour"],
        ["authentication"],
        name="values.yaml",
    ),
    # As part of kube-prometheus-stack.
    Sample(
        "helm-grafana",
        "grafana:\n  grafana.ini:\n    smtp:\n      enabled: true\n      host: a.example:465\n"
        "      password: $__file{/etc/secrets/mail}\n      from_address: x@a.example\n"
        "      user: '{{ .Values.mailUser }}'\n",
        {
            "host": "a.example", "port": 465, **SSL, "password": {"file": "/etc/secrets/mail"},
            "from": "Grafana <x@a.example>",
        },
        ["user"],
        ["from"],
        name="values.yaml",
    ),
]  # fmt: skip
