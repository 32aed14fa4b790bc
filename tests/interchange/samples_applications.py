"""Samples of applications' own files: the lines on mail alone, with version and licence.

Names of people and machines are replaced, and values are filled in where the file has none.
A sample is "made" where an application has no such file, or where its file says less; then the
comment names the source whose meaning it holds.
"""

from __future__ import annotations

from tests.interchange.sample import AUTO, OPEN, SSL, TLS, Sample

APPLICATIONS = [
    # goauthentik/authentik, the block of its installation guide (2023.10); MIT.
    Sample(
        "authentik",
        """\
PG_PASS=wonderland-db
AUTHENTIK_ERROR_REPORTING__ENABLED=true
# SMTP Host Emails are sent to
AUTHENTIK_EMAIL__HOST=localhost
AUTHENTIK_EMAIL__PORT=25
# Optionally authenticate (don't add quotation marks to your password)
AUTHENTIK_EMAIL__USERNAME=
AUTHENTIK_EMAIL__PASSWORD=
# Use StartTLS
AUTHENTIK_EMAIL__USE_TLS=false
# Use SSL
AUTHENTIK_EMAIL__USE_SSL=false
AUTHENTIK_EMAIL__TIMEOUT=10
# Email address authentik will send from, should have a correct @domain
AUTHENTIK_EMAIL__FROM=authentik@localhost
""",
        {"host": "localhost", "port": 25, **OPEN, "timeout": 10, "from": "authentik@localhost"},
        [],
        ["timeout"],
    ),
    Sample(
        "authentik",
        "AUTHENTIK_EMAIL__HOST=mail.example.org\nAUTHENTIK_EMAIL__USERNAME=sso\n"
        "AUTHENTIK_EMAIL__PASSWORD=file:///run/secrets/smtp\nAUTHENTIK_EMAIL__USE_TLS=true\n"
        'AUTHENTIK_EMAIL__PORT="587"\nAUTHENTIK_EMAIL__COLOUR=blue\n',
        {
            "host": "mail.example.org",
            "port": 587,
            **TLS,
            "username": "sso",
            "password": {"file": "/run/secrets/smtp"},
            "from": "authentik@localhost",
        },
        ["AUTHENTIK_EMAIL__COLOUR"],
        ["authentication", "from"],
    ),
    # get_bool of authentik/lib/config.py: only true is on.
    Sample(
        "authentik",
        "AUTHENTIK_EMAIL__HOST=mail.example.org\nAUTHENTIK_EMAIL__USE_TLS=1\n"
        "AUTHENTIK_EMAIL__USE_SSL=TRUE\n",
        {"host": "mail.example.org", "port": 25, **SSL, "from": "authentik@localhost"},
        ["AUTHENTIK_EMAIL__USE_TLS"],
        ["port", "from"],
    ),
    Sample(
        "authentik",
        "AUTHENTIK_EMAIL__HOST=env://MAIL_SERVER?mail.example.org\nAUTHENTIK_EMAIL__USE_SSL=true\n"
        "AUTHENTIK_EMAIL__USE_TLS=true\nAUTHENTIK_EMAIL__PASSWORD=env://SECRET\n"
        'AUTHENTIK_EMAIL__FROM=a@b.example\nAUTHENTIK_EMAIL__USERNAME="null"\n',
        {
            "host": "mail.example.org",
            "port": 25,
            **SSL,
            "username": "null",
            "password": {"env": "SECRET"},
            "from": "a@b.example",
        },
        ["AUTHENTIK_EMAIL__USE_TLS"],
        ["", "authentication", "port"],
    ),
    # Made for paperless-ngx/paperless-ngx, src/paperless/settings/__init__.py at b79edfd2: its
    # docker-compose.env (0474221b) and paperless.conf.example (009de518) have no line on mail.
    Sample(
        "paperless",
        """\
PAPERLESS_REDIS=redis://broker:6379
PAPERLESS_EMAIL_HOST=smtp.example.org
PAPERLESS_EMAIL_PORT=587
PAPERLESS_EMAIL_HOST_USER=paper@example.org
PAPERLESS_EMAIL_HOST_PASSWORD=pa"s$s #w'd
PAPERLESS_EMAIL_USE_TLS=true
PAPERLESS_EMAIL_TASK_CRON=*/10 * * * *
""",
        {
            "host": "smtp.example.org",
            "port": 587,
            **TLS,
            "username": "paper@example.org",
            "password": "pa\"s$s #w'd",
            "from": "paper@example.org",
        },
        [],
        ["authentication", "from"],
    ),
    Sample(
        "paperless",
        "PAPERLESS_EMAIL_HOST=smtp.example.org\nPAPERLESS_EMAIL_USE_SSL=yes\n"
        "PAPERLESS_EMAIL_PORT=465\nPAPERLESS_EMAIL_HOST_USER=paper\n"
        "PAPERLESS_EMAIL_HOST_PASSWORD_FILE=/run/secrets/mail\n",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "paper",
            "password": {"file": "/run/secrets/mail"},
        },
        [],
        ["authentication"],
    ),
    # Made for n8n-io/n8n, packages/@n8n/config/src/configs/user-management.config.ts at 0a0bb4e3
    # and the list in n8n-docs at 1ec3b1ed; there is no file of its own.
    Sample(
        "n8n",
        """\
N8N_HOST=n8n.example.org
N8N_EMAIL_MODE=smtp
N8N_SMTP_HOST=smtp.example.org
N8N_SMTP_USER=robot@example.org
N8N_SMTP_PASS=wonderland
""",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "robot@example.org",
            "password": "wonderland",
            "from": "robot@example.org",
        },
        [],
        ["authentication", "port", "from"],
    ),
    Sample(
        "n8n",
        "N8N_SMTP_HOST=smtp.example.org\nN8N_SMTP_PORT=587\nN8N_SMTP_SSL=false\n"
        "N8N_SMTP_SENDER=n8n <n8n@example.org>\nN8N_SMTP_OAUTH_SERVICE_CLIENT=x\n",
        {"host": "smtp.example.org", "port": 587, **AUTO, "from": "n8n <n8n@example.org>"},
        ["N8N_SMTP_OAUTH_SERVICE_CLIENT"],
        ["starttls_auto"],
    ),
    Sample(
        "n8n",
        "N8N_SMTP_HOST=mailpit\nN8N_SMTP_PORT=1025\nN8N_SMTP_SSL=false\nN8N_SMTP_STARTTLS=false\n",
        {"host": "mailpit", "port": 1025, **OPEN},
    ),
    # outline/outline, .env.sample at 50b50794, with a server; BSL 1.1.
    Sample(
        "outline",
        """\
# How many processes should be spawned. As a reasonable rule divide your servers
# available memory by 512 for a rough estimate
WEB_CONCURRENCY=1

# To support sending outgoing transactional emails such as "document updated" or
# "you've been invited" you'll need to provide authentication for an SMTP server
SMTP_HOST=smtp.example.org
SMTP_PORT=465
SMTP_USERNAME=outline
SMTP_PASSWORD='pa$$ #1'
SMTP_FROM_EMAIL=wiki@example.org
SMTP_REPLY_EMAIL=
SMTP_TLS_CIPHERS=
SMTP_SECURE=true
""",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "outline",
            "password": "pa$$ #1",
            "from": "wiki@example.org",
        },
        ["SMTP_TLS_CIPHERS"],
        ["authentication"],
    ),
    # The same file at 000b2f03, as it comes.
    Sample(
        "outline",
        """\
NODE_ENV=production
WEB_CONCURRENCY=1
UTILS_SECRET=generate_a_new_key
FILE_STORAGE=local

# To support sending outgoing transactional emails such as "document updated" or
# email sign-in you'll need to connect an SMTP server. Service can be configured
# with any service from this list: https://community.nodemailer.com/2-0-0-beta/setup-smtp/well-known-services/
# DOCS: https://docs.getoutline.com/s/hosting/doc/smtp-cqCJyZGMIB
SMTP_SERVICE=
SMTP_USERNAME=
SMTP_PASSWORD=
SMTP_FROM_EMAIL=
""",
        SSL,
    ),
    # Made for server/env.ts at 1a86238a: an empty switch is off, and SMTP_NAME is sent in EHLO.
    Sample(
        "outline",
        "UTILS_SECRET=x\nSMTP_HOST=smtp.example.org\nSMTP_PORT=587\nSMTP_SECURE=\n"
        "SMTP_FROM_EMAIL=wiki@example.org\nSMTP_REPLY_EMAIL=a@example.org\n"
        "SMTP_NAME=wiki.example.org\n",
        {
            "host": "smtp.example.org",
            "port": 587,
            "domain": "wiki.example.org",
            **AUTO,
            "openssl_verify_mode": "none",
            "from": "wiki@example.org",
        },
        [],
        ["starttls_auto"],
    ),
    # Made for server/emails/mailer.tsx at d77dcdf8.
    Sample(
        "outline",
        "SMTP_HOST=localhost\nSMTP_PORT=25\nSMTP_SECURE=false\nSMTP_DISABLE_STARTTLS=true\n",
        {"host": "localhost", "port": 25, **OPEN, "openssl_verify_mode": "none"},
    ),
    # supabase/supabase, docker/.env.example at 001faf98 and at f8a85e7a; Apache-2.0.
    Sample(
        "supabase",
        """\
## Email auth
ENABLE_EMAIL_SIGNUP=true
ENABLE_EMAIL_AUTOCONFIRM=false
SMTP_ADMIN_EMAIL=admin@example.com
SMTP_HOST=supabase-mail
SMTP_PORT=2500
SMTP_USER=fake_mail_user
SMTP_PASS=fake_mail_password
SMTP_SENDER_NAME=fake_sender
ENABLE_ANONYMOUS_USERS=false
""",
        {
            "host": "supabase-mail",
            "port": 2500,
            **AUTO,
            "username": "fake_mail_user",
            "password": "fake_mail_password",
            "from": "fake_sender <admin@example.com>",
        },
        [],
        ["starttls_auto", "authentication"],
    ),
    # supabase/auth, example.env at bc32168e; MIT.
    Sample(
        "supabase",
        "GOTRUE_SMTP_HOST=smtp.example.org\nGOTRUE_SMTP_PORT=465\nGOTRUE_SMTP_USER=auth\n"
        "GOTRUE_SMTP_MAX_FREQUENCY=5s\nGOTRUE_SMTP_PASS=wonderland\n"
        "GOTRUE_SMTP_ADMIN_EMAIL=auth@example.org\nGOTRUE_SMTP_COLOUR=blue\n",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "auth",
            "password": "wonderland",
            "from": "auth@example.org",
        },
        ["GOTRUE_SMTP_COLOUR"],
        ["authentication"],
    ),
    # plausible/community-edition, plausible-smtp.env at 3f5d8963, with values in place of
    # `replace-me`; plausible/analytics, config/runtime.exs at a27653cd; AGPL-3.0.
    Sample(
        "plausible",
        """\
#Email Configuration for weekly/monthly reporting as per https://plausible.io/docs/self-hosting-configuration#mailersmtp-setup
MAILER_EMAIL=hello@example.org
SMTP_HOST_ADDR=smtp.example.org
SMTP_HOST_PORT=465
SMTP_USER_NAME=hello
SMTP_USER_PWD=wonderland
SMTP_HOST_SSL_ENABLED=true
SMTP_RETRIES=2
""",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "hello",
            "password": "wonderland",
            "from": "hello@example.org",
        },
        [],
        ["authentication"],
    ),
    Sample(
        "plausible",
        """\
BASE_URL=https://plausible.example.org
MAILER_ADAPTER=Bamboo.Mua
MAILER_EMAIL=hello@example.org
MAILER_NAME=Statistics
SMTP_HOST_ADDR=smtp.example.org
SMTP_USER_NAME=hello
SMTP_USER_PWD=wonderland
""",
        {
            "host": "smtp.example.org",
            "port": 587,
            **AUTO,
            "username": "hello",
            "password": "wonderland",
            "from": "Statistics <hello@example.org>",
        },
        [],
        ["starttls_auto", "authentication", "port"],
    ),
    Sample(
        "plausible",
        "SMTP_HOST_ADDR=smtp.example.org\nSMTP_HOST_PORT=465\nMAILER_EMAIL=hello@example.org\n",
        {"host": "smtp.example.org", "port": 465, **SSL, "from": "hello@example.org"},
    ),
    Sample(
        "plausible",
        "MAILER_ADAPTER=Bamboo.SMTPAdapter\nSMTP_HOST_ADDR=localhost\nSMTP_HOST_PORT=465\n"
        "SMTP_RETRIES=3\nSMTP_MX_LOOKUPS_ENABLED=true\n",
        {"host": "localhost", "port": 465, **AUTO},
        ["SMTP_MX_LOOKUPS_ENABLED"],
        ["starttls_auto"],
    ),
    Sample(
        "plausible",
        "SMTP_HOST_ADDR=localhost\nSMTP_HOST_SSL_ENABLED=false\n",
        {"host": "localhost", **AUTO},
        [],
        ["starttls_auto", "port"],
    ),
    # Made for metabase/metabase, src/metabase/channel/settings.clj at 069ab215; there is no file
    # of its own.
    Sample(
        "metabase",
        """\
MB_DB_TYPE=postgres
MB_EMAIL_SMTP_HOST=smtp.example.org
MB_EMAIL_SMTP_PORT=587
MB_EMAIL_SMTP_SECURITY=tls
MB_EMAIL_SMTP_USERNAME=charts
MB_EMAIL_SMTP_PASSWORD=wonderland
MB_EMAIL_FROM_ADDRESS=charts@example.org
MB_EMAIL_FROM_NAME=Charts
MB_EMAIL_REPLY_TO=["a@example.org"]
""",
        {
            "host": "smtp.example.org",
            "port": 587,
            **AUTO,
            "username": "charts",
            "password": "wonderland",
            "from": "Charts <charts@example.org>",
        },
        [],
        ["starttls_auto", "authentication"],
    ),
    Sample(
        "metabase",
        "MB_EMAIL_SMTP_HOST=smtp.example.org\nMB_EMAIL_SMTP_SECURITY=starttls\n",
        {
            "host": "smtp.example.org",
            "port": 25,
            **TLS,
            "from": "notifications@metabase.com",
        },
        [],
        ["port", "from"],
    ),
    # coollabsio/coolify, templates/compose/ghost.yaml at 379abb25; Apache-2.0.
    Sample(
        "ghost",
        """\
mail__transport=SMTP
mail__options__auth__pass=wonderland
mail__options__auth__user=blog
mail__options__secure=true
mail__options__port=465
mail__options__host=smtp.example.org
""",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "blog",
            "password": "wonderland",
        },
        [],
        ["authentication"],
    ),
    Sample(
        "ghost",
        'mail__options__host=smtp.example.org\nmail__transport=Direct\nmail__options__auth__pass="1"\n'
        "mail__options__service=Mailgun\nmail__options__secure=yes\n"
        "mail__from=Blog <blog@example.org>\n",
        {"host": "smtp.example.org", **AUTO, "password": "1", "from": "Blog <blog@example.org>"},
        ["mail__transport", "mail__options__service", "mail__options__secure"],
        ["starttls_auto"],
    ),
    # discourse/discourse_docker, samples/standalone.yml at e071c2c8; MIT.
    Sample(
        "discourse",
        """\
templates:
  - "templates/postgres.template.yml"
params:
  db_default_text_search_config: "pg_catalog.english"
env:
  LC_ALL: en_US.UTF-8
  DISCOURSE_HOSTNAME: 'discourse.example.com'
  ## required: hostname of the SMTP mail server used to send mail
  DISCOURSE_SMTP_ADDRESS: smtp.example.com
  ## uncomment to set the port to something other than the default (25)
  #DISCOURSE_SMTP_PORT: 587
  DISCOURSE_SMTP_USER_NAME: user@example.com
  DISCOURSE_SMTP_PASSWORD: "pa$$word"
  #DISCOURSE_SMTP_FORCE_TLS: true
  DISCOURSE_NOTIFICATION_EMAIL: noreply@discourse.example.com
volumes:
  - volume:
      host: /var/discourse/shared/standalone
      guest: /shared
""",
        {
            "host": "smtp.example.com",
            "port": 25,
            **AUTO,
            "username": "user@example.com",
            "password": "pa$$word",
            "authentication": "plain",
            "from": "noreply@discourse.example.com",
        },
        [],
        ["starttls_auto", "authentication", "port"],
        name="app.yml",
    ),
    # The same file at 43e16ca7, as it comes.
    Sample(
        "discourse",
        """\
env:
  LANG: en_US.UTF-8
  DISCOURSE_HOSTNAME: 'discourse.example.com'

  ## TODO: The SMTP mail server used to validate new accounts and send notifications
  # SMTP ADDRESS, username, and password are required
  # WARNING the char '#' in SMTP password can cause problems!
  DISCOURSE_SMTP_ADDRESS: smtp.example.com
  #DISCOURSE_SMTP_PORT: 587
  DISCOURSE_SMTP_USER_NAME: user@example.com
  DISCOURSE_SMTP_PASSWORD: pa$$word
  #DISCOURSE_SMTP_ENABLE_START_TLS: true           # (optional, default true)
  #DISCOURSE_SMTP_DOMAIN: discourse.example.com    # (required by some providers)
""",
        {
            "host": "smtp.example.com",
            "port": 25,
            **AUTO,
            "username": "user@example.com",
            "password": "pa$$word",
            "authentication": "plain",
        },
        [],
        ["starttls_auto", "authentication", "port"],
        name="app.yml",
    ),
    Sample(
        "discourse",
        "DISCOURSE_SMTP_ADDRESS=smtp.example.com\nDISCOURSE_SMTP_PORT=465\n"
        "DISCOURSE_SMTP_FORCE_TLS=true\nDISCOURSE_SMTP_AUTHENTICATION=login\n"
        "DISCOURSE_SMTP_USER_NAME=user\nDISCOURSE_SMTP_PASSWORD=wonderland\n"
        "DISCOURSE_SMTP_OPENSSL_VERIFY_MODE=none\nDISCOURSE_SMTP_DOMAIN=discourse.example.com\n",
        {
            "host": "smtp.example.com",
            "port": 465,
            "domain": "discourse.example.com",
            **SSL,
            "username": "user",
            "password": "wonderland",
            "authentication": "login",
            "openssl_verify_mode": "none",
        },
    ),
    # discourse/discourse, config/discourse_defaults.conf at ce606bd8; GPL-2.0.
    Sample(
        "discourse-conf",
        """\
# host address for db server
db_host =

# hostname running the forum
hostname = "www.example.com"

# address of smtp server used to send emails
smtp_address = smtp.example.com

# port of smtp server used to send emails
smtp_port = 587

# domain passed to smtp server
smtp_domain =

# username for smtp server
smtp_user_name = 'forum'

# password for smtp server
smtp_password = "pa#ss" # not wonderland

# smtp authentication mechanism
smtp_authentication = plain

# enable TLS encryption for smtp connections
smtp_enable_start_tls = true

# mode for verifying smtp server certificates
# to disable, set to 'none'
smtp_openssl_verify_mode =
""",
        {
            "host": "smtp.example.com",
            "port": 587,
            **AUTO,
            "username": "forum",
            "password": "pa#ss",
            "authentication": "plain",
        },
        [],
        ["starttls_auto"],
        name="discourse.conf",
    ),
    Sample(
        "discourse-conf",
        "smtp_address = <%= ENV['RELAY'] %>\nsmtp_enable_start_tls =\nsmtp_user_name = a\n",
        {"port": 25, **OPEN, "username": "a", "authentication": "plain"},
        ["smtp_address"],
        ["authentication", "port"],
        name="discourse.conf",
    ),
    # Made for symfony/symfony at 5feb7493.
    Sample(
        "symfony",
        "APP_ENV=prod\n###> symfony/mailer ###\n"
        "MAILER_DSN=smtp://al%20ice:p%40ss%2Fword@smtp.example.org:587"
        "?verify_peer=0&local_domain=me.example.org\n###< symfony/mailer ###\n",
        {
            "host": "smtp.example.org",
            "port": 587,
            "domain": "me.example.org",
            **AUTO,
            "username": "al ice",
            "password": "p@ss/word",
            "openssl_verify_mode": "none",
        },
        [],
        ["encryption", "authentication"],
    ),
    Sample(
        "symfony",
        "MAILER_DSN=smtp://smtp.example.org\n",
        {"host": "smtp.example.org", "port": 465, **SSL},
        [],
        ["encryption", "port"],
    ),
    Sample(
        "symfony",
        'MAILER_DSN="smtp://localhost?ping_threshold=10&colour=blue"\n',
        {"host": "localhost", "port": 25, **AUTO},
        ["MAILER_DSN"],
        ["encryption", "port"],
    ),
    Sample("symfony", "MAILER_DSN=gmail+smtp://u:wonderland@default\n", {}, ["MAILER_DSN"]),
    # symfony/symfony-docs, mailer.rst at 0014a72d, two of its examples with a
    # password; CC BY-SA 3.0.
    Sample(
        "symfony",
        "MAILER_DSN=smtp://user:wonderland@smtp.example.com:25\n",
        {
            "host": "smtp.example.com",
            "port": 25,
            **AUTO,
            "username": "user",
            "password": "wonderland",
        },
        [],
        ["encryption", "authentication"],
    ),
    Sample(
        "symfony",
        "MAILER_DSN='smtps://smtp.example.com?local_domain=example.org'\n",
        {"host": "smtp.example.com", "port": 465, "domain": "example.org", **SSL},
        [],
        ["port"],
    ),
    # symfony/recipes, symfony/mailer/8.2/manifest.json at 8ecbbf28, as Flex writes it; MIT.
    Sample(
        "symfony",
        "###> symfony/mailer ###\nMAILER_DSN=null://null\n###< symfony/mailer ###\n",
        {},
        ["MAILER_DSN"],
    ),
    # Made for meteor/meteor, packages/email/email.js at 0025fce7; there is no file of its own.
    Sample(
        "meteor",
        "ROOT_URL=http://localhost:3000\nMONGO_URL=mongodb://mongo:27017/meteor\n"
        "MAIL_URL=smtps://USERNAME:wonder%2Bland@smtp.example.org:465\n",
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "USERNAME",
            "password": "wonder+land",
        },
    ),
    Sample(
        "meteor",
        "MAIL_URL=smtp://rocket:wonderland@smtp.example.org/?ignoreTLS=true&colour=blue\n",
        {
            "host": "smtp.example.org",
            "port": 587,
            **OPEN,
            "username": "rocket",
            "password": "wonderland",
        },
        ["MAIL_URL"],
        ["port"],
    ),
    # wekan/wekan, start-wekan.sh at 00b99cda, with a password; MIT.
    Sample(
        "meteor",
        "export MONGO_URL='mongodb://127.0.0.1:27017/wekan'\n"
        "export ROOT_URL='http://localhost:2000'\n"
        "export MAIL_URL='smtp://user:wonderland@mailserver.example.com:25/'\n"
        "export MAIL_FROM='Wekan Boards <info@example.com>'\n",
        {
            "host": "mailserver.example.com",
            "port": 25,
            **AUTO,
            "username": "user",
            "password": "wonderland",
        },
        [],
        ["starttls_auto"],
    ),
    Sample("meteor", "MAIL_URL=Mailgun://user:wonderland\n", {}, ["MAIL_URL"]),
    # gitlabhq/omnibus-gitlab, files/gitlab-config-template/gitlab.rb.template at 0021a2c1,
    # without the comment signs; Apache-2.0.
    Sample(
        "gitlab",
        """\
external_url 'GENERATED_EXTERNAL_URL'

### GitLab email server settings
###! Docs: https://docs.gitlab.com/omnibus/settings/smtp.html
###! **Use smtp instead of sendmail/postfix.**

gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_address'] = "smtp.server"
gitlab_rails['smtp_port'] = 465
gitlab_rails['smtp_user_name'] = "smtp user"
gitlab_rails['smtp_password'] = "smtp password"
gitlab_rails['smtp_domain'] = "example.com"
gitlab_rails['smtp_authentication'] = "login"
gitlab_rails['smtp_enable_starttls_auto'] = true
gitlab_rails['smtp_tls'] = false
gitlab_rails['smtp_pool'] = false

###! **Can be: 'none', 'peer', 'client_once', 'fail_if_no_peer_cert'**
###! Docs: http://api.rubyonrails.org/classes/ActionMailer/Base.html
gitlab_rails['smtp_openssl_verify_mode'] = 'none'

# gitlab_rails['smtp_ca_path'] = "/etc/ssl/certs"
gitlab_rails['smtp_ca_file'] = "/etc/ssl/certs/ca-certificates.crt"

### Email Settings

# gitlab_rails['gitlab_email_enabled'] = true

##! If your SMTP server does not like the default 'From: gitlab@gitlab.example.com'
##! can change the 'From' with this setting.
gitlab_rails['gitlab_email_from'] = 'example@example.com'
gitlab_rails['gitlab_email_display_name'] = 'Example'
gitlab_rails['gitlab_email_reply_to'] = 'noreply@example.com'
# gitlab_rails['gitlab_email_subject_suffix'] = ''
""",
        {
            "host": "smtp.server",
            "port": 465,
            "domain": "example.com",
            **AUTO,
            "username": "smtp user",
            "password": "smtp password",
            "authentication": "login",
            "openssl_verify_mode": "none",
            "ca_file": "/etc/ssl/certs/ca-certificates.crt",
            "from": "Example <example@example.com>",
        },
        [],
        ["starttls_auto"],
        name="gitlab.rb",
    ),
    # The same, doc/settings/smtp.md at 030959c3: without TLS, and a provider's implicit TLS.
    Sample(
        "gitlab",
        """\
gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_address'] = 'localhost'
gitlab_rails['smtp_port'] = 25
gitlab_rails['smtp_domain'] = 'localhost'
gitlab_rails['smtp_tls'] = false
gitlab_rails['smtp_openssl_verify_mode'] = 'none'
gitlab_rails['smtp_enable_starttls_auto'] = false
gitlab_rails['smtp_ssl'] = false
gitlab_rails['smtp_force_ssl'] = false
""",
        {
            "host": "localhost",
            "port": 25,
            "domain": "localhost",
            **OPEN,
            "openssl_verify_mode": "none",
        },
        name="gitlab.rb",
    ),
    Sample(
        "gitlab",
        """\
gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_address'] = "email-smtp.region-1.amazonaws.com"
gitlab_rails['smtp_port'] = 465
gitlab_rails['smtp_user_name'] = "IAMmailerKey"
gitlab_rails['smtp_password'] = "IAMmailerSecret"
gitlab_rails['smtp_domain'] = "yourdomain.com"
gitlab_rails['smtp_authentication'] = "login"
gitlab_rails['smtp_ssl'] = true
gitlab_rails['smtp_force_ssl'] = true
""",
        {
            "host": "email-smtp.region-1.amazonaws.com",
            "port": 465,
            "domain": "yourdomain.com",
            **SSL,
            "username": "IAMmailerKey",
            "password": "IAMmailerSecret",
            "authentication": "login",
        },
        [],
        ["encryption"],
        name="gitlab.rb",
    ),
    # coollabsio/coolify, templates/compose/gitlab.yaml at 379abb25: one line; Apache-2.0.
    Sample(
        "gitlab",
        'external_url "https://git.example.org"; nginx["listen_https"] = false; '
        'gitlab_rails["smtp_enable"] = false; gitlab_rails["smtp_address"] = "a;b#c"; '
        "gitlab_rails[\"smtp_port\"] = ENV['PORT'].to_i; "
        "gitlab_rails[\"smtp_password\"] = ENV.fetch('SECRET') # wonderland\n"
        "gitlab_rails['smtp_user_name'] = File.read('/x')\nif true\n"
        "  gitlab_rails['smtp_domain'] = 'x.example'\nend\n",
        {**AUTO, "password": {"env": "SECRET"}},
        ["smtp_address", "smtp_port", "smtp_user_name", "smtp_domain"],
        ["", "starttls_auto"],
    ),
    # nextcloud/server, config/config.sample.php at bf6082e1, without its comments; AGPL-3.0.
    Sample(
        "nextcloud-config",
        """\
<?php
$CONFIG = array(
'mail_domain' => 'example.com',
'mail_from_address' => 'nextcloud',
'mail_smtpdebug' => false,
'mail_smtpmode' => 'smtp',

/**
 * This depends on ``mail_smtpmode``. Specify the IP address of your mail
 * server host. This may contain multiple hosts separated by a semi-colon. If
 * you need to specify the port number append it to the IP address separated by
 * a colon, like this: ``127.0.0.1:24``.
 *
 * Defaults to ``127.0.0.1``
 */
'mail_smtphost' => '127.0.0.1',
'mail_smtpport' => 25,
'mail_smtptimeout' => 10,
'mail_smtpsecure' => '',
'mail_smtpauth' => false,
'mail_smtpauthtype' => 'LOGIN',
'mail_smtpname' => '',
'mail_smtppassword' => '',
'mail_template_class' => '\\OC\\Mail\\EMailTemplate',
'mail_send_plaintext_only' => false,
'mail_smtpstreamoptions' => array(),
'mail_sendmailmode' => 'smtp',
);
""",
        {
            "host": "127.0.0.1",
            "port": 25,
            **AUTO,
            "authentication": "none",
            "from": "nextcloud@example.com",
            "timeout": 10,
        },
        [],
        ["encryption", "timeout"],
        name="config.php",
    ),
    # Made for lib/private/Mail/Mailer.php at 007be83a.
    Sample(
        "nextcloud-config",
        """\
<?php
$CONFIG = array (
  'instanceid' => 'oc1234567890', // a comment, 'mail_smtphost' => 'no.example'
  'trusted_domains' =>
  array (
    0 => 'cloud.example.org',
    'mail_domain' => 'inner.example',
  ),
  'dbpassword' => 'wonderland-db',
  'overwrite.cli.url' => 'https://cloud.example.org',
  /* 'mail_smtpport' => 25, */
  'mail_smtpmode' => 'smtp',
  'mail_smtphost' => 'smtp.example.org',
  'mail_smtpport' => '587',
  'mail_smtpsecure' => '',
  'mail_smtpauth' => 1,
  'mail_smtpauthtype' => 'LOGIN',
  'mail_smtpname' => 'cloud',
  'mail_smtppassword' => 'it\\\\\\'s "$5"',
  "mail_from_address" => 'no-reply',
  'mail_domain' => 'example.org',
  'mail_smtpstreamoptions' => array(
    'ssl' => array(
      'allow_self_signed' => true,
      'verify_peer' => false,
      'verify_peer_name' => false
    )
  ),
);
""",
        {
            "host": "smtp.example.org",
            "port": 587,
            "domain": "cloud.example.org",
            **AUTO,
            "username": "cloud",
            "password": 'it\\\'s "$5"',
            "openssl_verify_mode": "none",
            "from": "no-reply@example.org",
            "timeout": 10,
        },
        [],
        ["encryption", "authentication", "timeout", "domain"],
        name="config.php",
    ),
    Sample(
        "nextcloud-config",
        "<?php\n$CONFIG = [\n  'mail_smtphost' => getenv('RELAY'),\n  'mail_smtpport' => 465,\n"
        "  'mail_smtpauth' => true, 'mail_smtpname' => \"a\\x41\",\n"
        "  'mail_smtppassword' => getenv('PW'),\n"
        "  'mail_smtpsecure' => \"{$x}\", 'mail_smtptimeout' => 5 * 6,\n];\n",
        {"port": 465, **SSL, "password": {"env": "PW"}},
        ["mail_smtphost", "mail_smtpname", "mail_smtpsecure", "mail_smtptimeout"],
        [],
        name="config.php",
    ),
    Sample(
        "nextcloud-config",
        "<?php\n$CONFIG = array(\n  'mail_smtpmode' => 'sendmail',\n"
        "  'mail_smtpstreamoptions' => ['ssl' => ['verify_peer_name' => false]],\n);\n",
        {"host": "127.0.0.1", "port": 25, **AUTO, "timeout": 10},
        ["mail_smtpmode", "mail_smtpstreamoptions"],
        ["encryption", "host", "port", "timeout"],
    ),
    # Made: the variables that Grafana and Gitea read in place of their files.
    Sample(
        "grafana",
        "GF_SERVER_ROOT_URL=https://grafana.example.org\nGF_SMTP_ENABLED=true\n"
        "GF_SMTP_HOST=smtp.example.org:587\nGF_SMTP_USER=g\n"
        "GF_SMTP_PASSWORD__FILE=/run/secrets/smtp\nGF_SMTP_FROM_ADDRESS=g@example.org\n"
        "GF_SMTP_STARTTLS_POLICY=MandatoryStartTLS\n",
        {
            "host": "smtp.example.org",
            "port": 587,
            **TLS,
            "username": "g",
            "password": {"file": "/run/secrets/smtp"},
            "from": "Grafana <g@example.org>",
        },
        [],
        ["authentication", "from"],
        name=".env",
    ),
    # go-gitea/gitea, docs/content/installation/with-docker.en-us.md at 184e5121, with values in
    # place of its variables; MIT. The quotes get lost on the way to app.ini.
    Sample(
        "gitea",
        "GITEA__mailer__ENABLED=true\nGITEA__mailer__FROM=git@example.org\n"
        "GITEA__mailer__PROTOCOL=smtps\nGITEA__mailer__HOST=smtp.example.org\n"
        'GITEA__mailer__USER=apikey\nGITEA__mailer__PASSWD="""wonderland"""\n',
        {
            "host": "smtp.example.org",
            "port": 465,
            **SSL,
            "username": "apikey",
            "password": "wonderland",
            "from": "git@example.org",
        },
        [],
        ["authentication", "port"],
    ),
    Sample(
        "gitea",
        "export FORGEJO__mailer__ENABLED=true\nFORGEJO__mailer__PROTOCOL=smtps\n"
        "FORGEJO__mailer__SMTP_ADDR=smtp.example.org\nFORGEJO__mailer__COLOUR=blue\n",
        {"host": "smtp.example.org", "port": 465, **SSL},
        ["", "COLOUR"],
        ["", "port"],
    ),
]
