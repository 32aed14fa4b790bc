"""Files of programs as people have them, with comments, other settings and other secrets."""

from __future__ import annotations

GITLAB = """\
## GitLab
external_url 'http://gitlab.example.com'
# gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_address'] = "smtp.server" # relay
# gitlab_rails['smtp_port'] = 465
gitlab_rails['smtp_user_name'] = "smtp user"
gitlab_rails['smtp_password'] = "wonderland"
# gitlab_rails['smtp_enable_starttls_auto'] = true
postgresql['sql_user_password'] = 'hush-hush'
"""
NEXTCLOUD = """\
<?php
$CONFIG = array (
  'dbpassword' => 'hush-hush',
  'mail_smtphost' => 'smtp.example.org',  // the relay
  'mail_smtpport' => '587',
  'mail_smtpauth' => 1,
  'mail_smtpname' => 'cloud',
  'mail_smtppassword' => 'wonderland'
);
"""
ON_ONE_LINE = "<?php\n$CONFIG = ['mail_smtphost' => 'a.example', 'dbpassword' => 'hush-hush'];\n"
CHATWOOT = """\
# mail
DB_PASSWORD=hush-hush
export SMTP_ADDRESS=mail.example.org # relay
#SMTP_PORT=25
SMTP_USERNAME=chat
SMTP_PASSWORD='wonder#land'
OTHER=1"""
DISCOURSE_CONF = """\
hostname = "www.example.com"
db_password = hush-hush
smtp_address = smtp.example.com # relay
smtp_port = 25
smtp_user_name = 'forum'
smtp_password = wonderland
"""
APP_YML = """\
templates:
  - "templates/postgres.template.yml"
env:
  LANG: en_US.UTF-8
  ## relay
  DISCOURSE_SMTP_ADDRESS: smtp.example.com
  #DISCOURSE_SMTP_PORT: 587
  DISCOURSE_SMTP_USER_NAME: user@example.com
  DISCOURSE_SMTP_PASSWORD: "wonderland"
  DISCOURSE_DB_PASSWORD: hush-hush
volumes:
  - volume:
      host: /x
"""
GITEA = """\
[database]
HOST = db
PASSWD = `hush-hush`

[mailer]
ENABLED = true
; relay
SMTP_ADDR = mail.example.org
SMTP_PORT = 587 ; sub
PROTOCOL = smtp+starttls
USER = a
PASSWD = `wonderland`

[log]
LEVEL = info
"""
GRAFANA = """\
[smtp]
enabled = true
host = mail.example.org:587
;user =
user = grafana
password = wonderland
from_address = g@example.org
[auth]
client_secret = hush-hush
"""
SYMFONY = (
    'DB_PASSWORD=hush-hush\nMAILER_DSN="smtp://u:wonderland@smtp.example.org:587"\nAPP_ENV=prod\n'
)
GHOST = "mail__options__host=mail.example.org\nmail__options__auth__user=blog\nTOKEN=hush-hush\n"

FILES = {
    "gitlab.rb": GITLAB,
    "config.php": NEXTCLOUD,
    "one.config.php": ON_ONE_LINE,
    ".env": CHATWOOT,
    "discourse.conf": DISCOURSE_CONF,
    "app.yml": APP_YML,
    "app.ini": GITEA,
    "grafana.ini": GRAFANA,
    "symfony.env": SYMFONY,
    "ghost.env": GHOST,
}
