"""Files of small mail servers and of Odoo, as their packages ship them, with the server filled in.

Each names its source, version and licence; hosts, names and passwords are made up.
"""

from __future__ import annotations

from tests.interchange.sample import AUTO, OPEN, SSL, TLS, Sample

UNVERIFIED = {"openssl_verify_mode": "none"}
# What `dpkg-reconfigure exim4-config` writes, and passwd.client of exim4-config 4.98.2, GPL-2.0.
EXIM_SETTINGS = """\
# /etc/exim4/update-exim4.conf.conf
# Edit this file and /etc/mailname by hand and execute update-exim4.conf
dc_eximconfig_configtype='smarthost'
dc_other_hostnames='host.example'
dc_local_interfaces='127.0.0.1 ; ::1'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets=''
dc_smarthost='mail.example.org::587'
CFILEMODE='644'
dc_use_split_config='false'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
"""
EXIM_LOGINS = """\
# password file used when the local exim is authenticating to a remote
# host as a client.
#
# Example:
### target.mail.server.example:login:password
other.example:bob:x
*.example.org:al ice:se:sa^me #1
"""

MAIL_SERVER_SAMPLES = [
    Sample(
        "exim",
        EXIM_SETTINGS,
        {
            "host": "mail.example.org", "port": 587, **AUTO, "username": "al ice",
            "password": "se:sa^me #1", **UNVERIFIED,
        },
        [],
        ["starttls_auto", "openssl_verify_mode", "authentication"],
        name="update-exim4.conf.conf",
        beside={"passwd.client": EXIM_LOGINS},
    ),
    Sample(
        "exim",
        "dc_eximconfig_configtype='satellite'\ndc_smarthost='a.example::465;b.example'\n",
        {
            "host": "a.example", "port": 465, "domain": "me.example", **SSL, "username": "alice",
            "password": "sesame",
        },
        [],
        ["host", "username", "authentication"],
        name="update-exim4.conf.conf",
        beside={
            "passwd.client": '"a.other.example" : alice:sesame\n',
            "exim4.conf.localmacros": "REMOTE_SMTP_SMARTHOST_PROTOCOL = smtps\n"
            "REMOTE_SMTP_HELO_DATA=me.example\nREMOTE_SMTP_SMARTHOST_TLS_VERIFY_HOSTS = *\n",
        },
    ),
    Sample(
        "exim",
        "dc_eximconfig_configtype='local'\ndc_smarthost=''\n",
        {"port": 25, **AUTO, **UNVERIFIED},
        ["dc_eximconfig_configtype"],
        ["starttls_auto", "openssl_verify_mode", "port"],
        name="update-exim4.conf.conf",
    ),
    Sample(
        "exim",
        "# logins\nmail.example.org:alice:sesame\n",
        {
            "host": "mail.example.org", "port": 25, **AUTO, "username": "alice",
            "password": "sesame", **UNVERIFIED,
        },
        [],
        ["starttls_auto", "openssl_verify_mode", "authentication", "port"],
        name="passwd.client",
    ),
    # dma.conf of dma 0.14 and of Debian's 0.13, BSD-3-Clause.
    Sample(
        "dma",
        """\
# $DragonFly: src/etc/dma/dma.conf,v 1.2 2008/02/04 10:11:41 matthias Exp $
#
# Your smarthost (also called relayhost).  Leave blank if you don't want
# smarthost support.
SMARTHOST mail.example.org

# Use this SMTP port.  Most users will be fine with the default (25)
PORT 587

# Path to your alias file.  Just stay with the default.
#ALIASES /etc/aliases

# SMTP authentication
AUTHPATH /etc/dma/auth.conf

# Uncomment if you want TLS/SSL support
SECURETRANSFER

# Uncomment if you want STARTTLS support (only used in combination with
# SECURETRANSFER)
STARTTLS

# Uncomment if you want to defer your mails.
#DEFER
MAILNAME /etc/mailname
MASQUERADE herb@ert.example
""",
        {
            "host": "mail.example.org", "port": 587, **TLS, "username": "al ice",
            "password": "se|sa:me #1", "from": "herb@ert.example", **UNVERIFIED,
        },
        ["MAILNAME"],
        ["openssl_verify_mode", "authentication"],
        name="dma.conf",
        beside={
            "auth.conf": "# Format: user|my.smarthost.example.com:password\n"
            "bob|other.example:x\nal ice|mail.example.org:se|sa:me #1\n"
        },
    ),
    Sample(
        "dma",
        "SMARTHOST a.example\nSECURETRANSFER\nVERIFYCERT\nNULLCLIENT\nCOLOUR blue\n"
        "FINGERPRINT\nAUTHPATH /etc/dma/auth.conf\n",
        {"host": "a.example", "port": 25, **SSL},
        ["COLOUR", "AUTHPATH"],
        ["port"],
        beside={"auth.conf": "alice|b.example:x\n"},
    ),
    # ssmtp.conf as the Debian package 2.64 writes it, GPL-2.0.
    Sample(
        "ssmtp",
        """\
#
# Config file for sSMTP sendmail
#
# The person who gets all mail for userids < 1000
# Make this empty to disable rewriting.
root=postmaster

# The place where the mail goes. The actual machine name is required no
# MX records are consulted. Commonly mailhosts are named mail.domain.com
mailhub=mail.example.org:465

# Where will the mail seem to come from?
#rewriteDomain=

# The full hostname
hostname=me.example

# Are users allowed to set their own From: address?
FromLineOverride=YES
UseTLS=YES
AuthUser=alice
AuthPass=se:same' rest
AuthMethod=CRAM-MD5
TLS_CA_File=/etc/pki/ca.pem
""",
        {
            "host": "mail.example.org", "port": 465, "domain": "me.example", **SSL,
            "username": "alice", "password": "se:same'", "authentication": "cram-md5", **UNVERIFIED,
        },
        ["TLS_CA_File"],
        ["openssl_verify_mode"],
    ),
    Sample(
        "ssmtp",
        "MailHub=a.example\nUseSTARTTLS=yes\nAuthUser=alice@a.example\nAuthPass=sesame\n",
        {
            "host": "a.example", "port": 25, **TLS, "username": "alice@a.example",
            "password": "sesame", "authentication": "login", **UNVERIFIED,
        },
        [],
        ["openssl_verify_mode", "authentication", "port"],
    ),
    # The example of nullmailer-send(8), nullmailer 2.2, GPL-2.0.
    Sample(
        "nullmailer",
        "# the smarthost\n"
        "smarthost.example smtp port=2525 starttls user=user pass='my pass phrase'\n"
        "other.example\n",
        {
            "host": "smarthost.example", "port": 2525, **TLS, "username": "user",
            "password": "my pass phrase",
        },
        [],
        ["", "authentication"],
        name="remotes",
    ),
    Sample(
        "nullmailer",
        "a.example smtp --ssl --auth-login --user=al\\ ice --pass=it\"'\"s --insecure"
        " --x509fmtder\n",
        {
            "host": "a.example", "port": 465, **SSL, "username": "al ice", "password": "it's",
            "authentication": "login", **UNVERIFIED,
        },
        ["x509fmtder"],
        ["port"],
        name="remotes",
    ),
    # The first example of smtpd.conf(5), OpenSMTPD 7.6, ISC.
    Sample(
        "opensmtpd",
        """\
table aliases file:/etc/aliases
table secrets file:/etc/secrets

listen on lo0

action "local_mail" mbox alias <aliases>
action "outbound" relay host smtp+tls://bob@smtp.example.com \\
\tauth <secrets>

match from local for local action "local_mail"
match from local for any action "outbound"
""",
        {
            "host": "smtp.example.com", "port": 25, **TLS, "username": "username",
            "password": "pass:word",
        },
        [],
        ["port", "authentication"],
        name="smtpd.conf",
        beside={"secrets": "# logins\nbob\tusername:pass:word\n", "aliases": "root: a\n"},
    ),
    Sample(
        "opensmtpd",
        'relay = "smtps://me@[2001:db8::25]:4650" # ours\ntable logins { me = "alice:sesame" }\n'
        'action relay_1 relay host $relay auth <logins> tls no-verify helo "me.example" '
        'mail-from "a@b.example" src 192.0.2.1\n',
        {
            "host": "2001:db8::25", "port": 4650, "domain": "me.example", **SSL,
            "username": "alice", "password": "sesame", "from": "a@b.example", **UNVERIFIED,
        },
        ["src"],
        ["authentication"],
    ),
    Sample(
        "opensmtpd",
        'action "a" relay host a.example\naction "b" relay host smtp+notls://b.example\n',
        {"host": "a.example", "port": 25, **AUTO, **UNVERIFIED},
        [],
        ["", "starttls_auto", "port"],
    ),
    # debian/odoo.conf and odoo/tools/config.py of Odoo 17, LGPL-3.0.
    Sample(
        "odoo",
        """\
[options]
; This is the password that allows database operations:
; admin_passwd = admin
db_host = False
db_user = odoo
db_password = False
email_from = Odoo <odoo@example.org>
from_filter = False
smtp_password = se%same #1
smtp_port = 587
smtp_server = mail.example.org
smtp_ssl = True
smtp_ssl_certificate_filename = False
smtp_ssl_private_key_filename = False
smtp_user = odoo
smtp_colour = blue
""",
        {
            "host": "mail.example.org", "port": 587, **TLS, "username": "odoo",
            "password": "se%same #1", "from": "Odoo <odoo@example.org>", **UNVERIFIED,
        },
        ["smtp_colour"],
        ["authentication", "openssl_verify_mode"],
    ),
    Sample(
        "odoo",
        "[options]\nsmtp_server = localhost\nsmtp_ssl = False\nsmtp_user = False\n",
        {"host": "localhost", "port": 25, **OPEN},
        [],
        ["port"],
        name="odoo.conf",
    ),
    # config/config.inc.php.sample of Roundcube 1.7, GPL-3.0.
    Sample(
        "roundcube",
        """\
<?php

/*
 | Local configuration for the Roundcube Webmail installation.
 $config['smtp_host'] = 'comment.example';
*/

$config = [];
$config['db_dsnw'] = 'mysql://roundcube:pass@localhost/roundcubemail';
$config['imap_host'] = 'localhost:143';

// SMTP server host (for sending mails).
// $config['smtp_host'] = 'localhost:587';
$config['smtp_host'] = 'tls://mail.example.org:2525';

// SMTP username (if required) if you use %u as the username Roundcube
// will use the current username for login
$config['smtp_user'] = "round\\$cube";
$config['smtp_pass'] = 'it\\'s; #1 "//';
$config['smtp_helo_host'] = '';
$config['smtp_timeout'] = 0;
$config['smtp_conn_options'] = [
    'ssl' => [
        'verify_peer'  => true,
        'verify_depth' => 3,
        'cafile'       => '/etc/openssl/certs/ca.crt',
    ],
];
$config['smtp_auth_type'] = null;
$config['smtp_debug'] = false;
$config['plugins'] = ['archive'];
""",
        {
            "host": "mail.example.org", "port": 2525, **TLS, "username": "round$cube",
            "password": 'it\'s; #1 "//', "ca_file": "/etc/openssl/certs/ca.crt",
        },
        [],
        ["authentication"],
        name="config.inc.php",
    ),
    Sample(
        "roundcube",
        "<?php\n$config['smtp_server'] = 'ssl://a.example';\n$config['smtp_port'] = 465;\n"
        "$config['smtp_user'] = '%u';\n$config['smtp_pass'] = '%p';\n"
        "$config['smtp_conn_options'] = array('ssl' => array('verify_peer' => false));\n",
        {"host": "a.example", "port": 465, **SSL, **UNVERIFIED},
        ["smtp_user"],
        [],
    ),
    Sample(
        "roundcube",
        "<?php\n$config['smtp_host'] = 'mail.%d';\n$config['smtp_pass'] = getenv('SECRET');\n",
        {"port": 587, **OPEN, "password": {"env": "SECRET"}},
        ["smtp_host"],
        ["port", "username"],
        name="config.inc.php",
    ),
]  # fmt: skip
