"""Compose files as admins have them, made by hand in the forms that public ones have.

The forms are those of getsentry/self-hosted, taigaio/taiga-docker (variables behind an anchor),
mastodon/mastodon (`env_file` alone), docker/awesome-compose, nextcloud/docker and
Haxxnet/Compose-Examples (lists, mappings, interpolation with defaults).
"""

from __future__ import annotations

VAULTWARDEN = """\
# the password manager
services:
  vw:
    image: vaultwarden/server:1.32.0   # pinned
    restart: unless-stopped
    environment:
      DOMAIN: https://vw.example.org
      SIGNUPS_ALLOWED: "false"

      # mail
      SMTP_HOST: smtp.example.org     # the relay
      SMTP_PORT:   '587'
      SMTP_SECURITY: starttls
      SMTP_FROM: "vault@example.org"
      SMTP_USERNAME: vault
      SMTP_PASSWORD: pa$$w0rd   # ask Bob
    ports:
      - "127.0.0.1:8080:80"
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: wonder$$land}
"""

CHATWOOT = """\
version: '3'
services:
    rails:
        image: chatwoot/chatwoot:v4.0.0
        environment:
            - NODE_ENV=production
            - SMTP_ADDRESS=smtp.example.org
            - SMTP_PORT=25
            - 'SMTP_DOMAIN=example.org'
            - "SMTP_USERNAME=chat"
            - SMTP_PASSWORD=wonderland
            - SMTP_ENABLE_STARTTLS_AUTO=true
"""

SHARED = """\
x-mail: &mail
  EMAIL_HOST: smtp.example.org
  EMAIL_HOST_USER: "${EMAIL_HOST_USER}"
  EMAIL_USE_TLS: "True"

x-all: &all
  restart: always
  environment:
    <<: *mail
    EMAIL_PORT: "587"

services:
  back:
    image: example/back
    environment: *mail
  async:
    image: example/back
    environment:
      <<: *mail
      EMAIL_PORT: 2525
  queue:
    image: example/queue
    <<: *all
"""

MASTODON = """\
services:
  web:
    image: ghcr.io/mastodon/mastodon:v4.3.17
    env_file: .env.production
  db:
    image: postgres:14-alpine
    environment:
      - 'POSTGRES_HOST_AUTH_METHOD=trust'
"""

FLOW = """\
services:
  vw: {image: vaultwarden/server,
       environment: {SMTP_HOST: smtp.example.org, SMTP_FROM: "a@b.example"}}
  cw:
    image: chatwoot/chatwoot
    environment: [SMTP_ADDRESS=smtp.example.org, "SMTP_PORT=25"]
"""

GRAFANA = """\
services:
  grafana:
    image: grafana/grafana:11.0.0
    environment:
      - GF_SERVER_ROOT_URL=https://g.example.org
      - GF_SMTP_ENABLED=true
      - GF_SMTP_HOST=smtp.example.org:587
      - GF_SMTP_USER=graf
      - GF_SMTP_PASSWORD=wonderland
      - GF_SMTP_STARTTLS_POLICY=MandatoryStartTLS
  forgejo:
    image: codeberg.org/forgejo/forgejo:9
    environment:
      USER_UID: 1000
      FORGEJO__mailer__ENABLED: "true"
      FORGEJO__mailer__PROTOCOL: smtps
      FORGEJO__mailer__SMTP_ADDR: smtp.example.org
      FORGEJO__mailer__SMTP_PORT: 465
      FORGEJO__mailer__FROM: git@example.org
      FORGEJO__mailer__USER: git
      FORGEJO__mailer__PASSWD: wonder$$land
"""
