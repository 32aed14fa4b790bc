"""Files of programs that smtp-tui does not know, which look like those of programs that it knows.

Those that name a source are a program's own samples, shortened; the others are made after the
programs' manuals. Hosts, names and passwords are made up.
"""

from __future__ import annotations

# Each with the name of its file. Without a format of its own, none is read.
UNKNOWN = {
    # PostgreSQL, pg_hba.conf.
    "pg_hba.conf": "local all all peer\nhost    all    all    127.0.0.1/32    scram-sha-256\n",
    # Linux-PAM, pam.d/sshd.
    "sshd": "auth    required    pam_sepermit.so\naccount    required    pam_nologin.so\n",
    "common-account": "account requisite pam_deny.so\naccount required pam_permit.so\n",
    # OpenSSH, ISC dhcpd and nss_ldap.
    "ssh_config": "host git.example.org\n  user git\n  port 2222\n",
    "dhcpd.conf": "host printer {\n  hardware ethernet 00:11:22:33:44:55;\n}\n",
    "ldap.conf": "host 127.0.0.1\nbase dc=example,dc=org\nport 389\nssl start_tls\n",
    # marlam/mpop, doc/mpoprc.example at 0e337a9b, GPL-3.0 or later.
    "mpoprc": """\
# Default values for all accounts
defaults
delivery mda "/usr/bin/procmail -f '%F' -d $USER"
#delivery maildir ~/Mail/incoming
tls on
tls_trust_file ~/.ca-bundle.pem

# My provider, where I have two pop3 mailboxes
account provider1
host mx.provider.example
user joe_smith
password secret
tls_starttls off

account provider2 : provider1
user joey
password secret2
# Set a default account
account default : provider1
""",
    # CodeIgniter 3, application/config/email.php.
    "email.php": "<?php\n$config['protocol'] = 'smtp';\n"
    "$config['smtp_host'] = 'ssl://mail.example.org';\n"
    "$config['smtp_port'] = 465;\n$config['smtp_user'] = 'al';\n$config['smtp_pass'] = 'x';\n"
    "$config['mailtype'] = 'html';\n",
    # RhodeCode and Kallithea.
    "rhodecode.ini": "[DEFAULT]\nsmtp_server = mail.example.org\nsmtp_password =\nsmtp_port =\n"
    "smtp_use_tls = false\nsmtp_use_ssl = true\n",
    "settings.py": "smtp_use_tls = True\nsmtp_tls_context = None\nsmtp_host = 'mail.example.org'\n",
    "mail.py": "smtp_settings = {\n    'host': 'mail.example.org',\n    'port': 25,\n}\n",
    # Variables of an Ansible role, and values of a Helm chart.
    "all.yml": "smtp_host: mail.example.org\nsmtp_port: 587\nsmtp_from: ops@example.org\n"
    "smtp_require_tls: true\n",
    "monitoring.yml": "alertmanager:\n  smtp_smarthost: mail.example.org:25\n"
    "  smtp_from: a@example.org\n",
    "values.yaml": "global:\n  smtp:\n    address: mail.example.org\n"
    "    smtp_from: a@example.org\n",
    "server.yml": "email:\n  smtp_host: mail.example.org\n  smtp_port: 587\n  force_tls: true\n",
    "notify.yaml": "notifier:\n  smtp:\n    host: mail.example.org\n    sender: a@example.org\n",
    # Web servers and programs that hand their settings to something else than nodemailer.
    "server.json": '{"host": "0.0.0.0", "port": 8080, "secure": true, "auth": {"secret": "x"}}',
    "program.json": '{"mail": {"host": "smtp.example.org", "port": 587, "user": "u", '
    '"password": "p"}}',
    "agent.json": '{"smtpServer": {"host": "mail.example.org", "port": 25}, "loglevel": "info"}',
    # Ini files with the sections of Gitea, Grafana and Odoo.
    "shop.ini": "[mailer]\nhost = mail.example.org\nport = 25\n",
    "report.ini": "[smtp]\nhost = mail.example.org\nport = 25\nfrom_address = a@example.org\n",
    "backup.conf": "[options]\nsmtp_server = mail.example.org\nsmtp_port = 25\nverbose = True\n",
    # A line that another mail program has too.
    "relay.conf": "SMARTHOST mail.example.org\nINTERVAL 60\n",
    "hub.conf": "mailhub=mail.example.org\ninterval=60\n",
    # ownCloud 10, from which Nextcloud came, and which still sends by its old mailer.
    "config.php": "<?php\n$CONFIG = array(\n'instanceid' => 'x',\n'version' => '10.15.0.2',\n"
    "'mail_smtpmode' => 'smtp',\n'mail_smtphost' => 'mail.example.org',\n"
    "'mail_smtpsecure' => 'tls',\n);\n",
    # Apache Airflow, airflow.cfg; Trac, trac.ini; git.
    "airflow.cfg": "[smtp]\nsmtp_host = localhost\nsmtp_starttls = True\nsmtp_ssl = False\n",
    "trac.ini": "[notification]\nsmtp_enabled = true\nsmtp_server = localhost\nuse_tls = false\n",
    "gitconfig": "[sendemail]\n\tsmtpServer = smtp.example.org\n\tsmtpEncryption = tls\n",
    # A string that holds a file of Nextcloud, and one that only speaks of it.
    "setup.php": "<?php\n$CONFIG = ['title' => 'x'];\n$help = \"set 'mail_smtphost' => 'a'\";\n",
    "code.php": "<?php\n$CONFIG = [];\n$text = <<<'END'\ndon't: 'mail_smtphost' => 'a'\nEND;\n",
}

# Files of variables: any program may name them so, so none is sure.
UNSURE = {
    # fastapi/full-stack-fastapi-template, .env at 03f7955f, MIT.
    "fastapi.env": "SMTP_HOST=mail.example.org\nSMTP_USER=\nSMTP_PASSWORD=\n"
    "EMAILS_FROM_EMAIL=info@example.com\nSMTP_TLS=True\nSMTP_SSL=False\nSMTP_PORT=587\n",
    # Infisical/infisical, .env.example at 007e8c44, MIT.
    "infisical.env": "SMTP_HOST=mail.example.org\nSMTP_USERNAME=\nSMTP_PASSWORD=\nSMTP_PORT=587\n"
    "SMTP_SECURE=false\nSMTP_FROM_ADDRESS=\nSMTP_FROM_NAME=Infisical\n",
    # huginn/huginn, .env.example at 00be0c9f, MIT.
    "huginn.env": "SMTP_DOMAIN=example.org\nSMTP_USER_NAME=u\nSMTP_PASSWORD=p\n"
    "SMTP_SERVER=mail.example.org\nSMTP_PORT=587\nSMTP_AUTHENTICATION=plain\n"
    "SMTP_ENABLE_STARTTLS_AUTO=true\nEMAIL_FROM_ADDRESS=a@example.org\n",
    # Indico, indico.conf, which is Python.
    "indico.conf": "SMTP_SERVER = ('localhost', 25)\nSMTP_LOGIN = 'u'\nSMTP_PASSWORD = ''\n"
    "SMTP_USE_TLS = False\n",
    # DocuSeal, OpenProject, Mealie and the usual snippets for WordPress.
    "docuseal.env": "SMTP_ADDRESS=mail.example.org\nSMTP_PORT=587\nSMTP_USERNAME=u\n"
    "SMTP_PASSWORD=p\nSMTP_FROM=a@example.org\nSMTP_DOMAIN=example.org\nSMTP_AUTHENTICATION=plain\n",
    "openproject.env": "EMAIL_DELIVERY_METHOD=smtp\nSMTP_ADDRESS=mail.example.org\nSMTP_PORT=587\n"
    "SMTP_AUTHENTICATION=login\nSMTP_USER_NAME=u\nSMTP_PASSWORD=p\nSMTP_ENABLE_STARTTLS_AUTO=true\n",
    "mealie.env": "SMTP_HOST=mail.example.org\nSMTP_PORT=587\nSMTP_FROM_NAME=Mealie\n"
    "SMTP_AUTH_STRATEGY=TLS\nSMTP_FROM_EMAIL=a@example.org\nSMTP_USER=u\nSMTP_PASSWORD=p\n",
    "wordpress.env": "SMTP_HOST=mail.example.org\nSMTP_AUTH=true\nSMTP_PORT=587\nSMTP_USER=u\n"
    "SMTP_PASS=p\nSMTP_SECURE=tls\nSMTP_FROM=a@example.org\n",
    "superset_config.py": 'SMTP_HOST = "mail.example.org"\nSMTP_STARTTLS = True\nSMTP_SSL = False\n'
    'SMTP_USER = "superset"\nSMTP_PORT = 25\nSMTP_MAIL_FROM = "a@example.org"\n',
}

# The same settings, where a second sign of the program or the name of its file stands with them.
SECOND_SIGNS = [
    ("odoo", "odoo.conf", "[options]\nsmtp_server = a.example\n"),
    ("odoo", "x.conf", "[options]\naddons_path = /opt/odoo/addons\nsmtp_server = a.example\n"),
    ("odoo", "odoo.conf", "\ufeff[options]\nsmtp_server = a.example\n"),
    ("ssmtp", "ssmtp.conf", "mailhub=a.example\n"),
    ("ssmtp", "x.conf", "mailhub=a.example\n#FromLineOverride=YES\n"),
    ("dma", "dma.conf", "SMARTHOST a.example\n"),
    ("dma", "x.conf", "SMARTHOST a.example\n#SECURETRANSFER\n"),
    ("synapse", "homeserver.yaml", "server_name: a\nemail:\n  smtp_host: a.example\n"),
    ("synapse", "homeserver.yaml", 'email: {smtp_host: a.example, "smtp_port": 25}\n'),
    ("synapse", "x.yaml", "report_stats: no\nemail: {smtp_host: a.example}\n"),
    ("gitea", "app.ini", "[mailer]\nFROM = a@b.example\nHOST = a.example:25\n"),
    ("gitea", "x.ini", "[mailer]\nSMTP_ADDR = a.example\n"),
    ("grafana", "grafana.ini", "[smtp]\nhost = a.example:25\nfrom_address = a@b.example\n"),
    ("grafana", "x.ini", "[security]\n[smtp]\nhost = a.example:25\nfrom_address = a@b.example\n"),
    (
        "ghost-json",
        "config.production.json",
        '{"mail": {"transport": "SMTP", "options": {"host": "a.example"}}}',
    ),
    (
        "ghost-json",
        "x.json",
        '{"mail": {"transport": "SMTP", "options": {"host": "a.example"}}, '
        '"paths": {"contentPath": "/x"}}',
    ),
    # What a program of its own hands to nodemailer.
    (
        "nodemailer",
        "myapp.json",
        '{"mail": {"transport": "SMTP", "options": {"host": "a.example", "auth": {"user": "u"}}}}',
    ),
    ("roundcube", "config.inc.php", "<?php\n$config['smtp_host'] = 'a.example';\n"),
    (
        "roundcube",
        "x.php",
        "<?php\n$config['des_key'] = 'x';\n$config['smtp_host'] = 'a.example';\n",
    ),
    (
        "authelia",
        "configuration.yml",
        "notifier:\n  smtp:\n    host: a.example\n    sender: a@b.example\n",
    ),
    ("keycloak", "x.json", '{"realm": "x", "smtpServer": {"host": "a.example"}}'),
    ("msmtp", ".msmtprc", "host a.example\n"),
    ("msmtp", "x", "account default\nhost a.example\nfrom a@b.example\n"),
]
