"""Which tables of a plain file are offered: those of mail that is sent, and no others."""

from __future__ import annotations

import tomllib

from smtp_tui.config.dialects.plain import mail_tables
from smtp_tui.config.tablepath import spelled
from tests.table import table


@table(
    ("text", "tables"),
    [
        ("", []),
        ("[smtp]", ["smtp"]),
        ("[smtp]\nhost='a'\n[db]\nhost='b'\nport=1", ["smtp"]),
        (
            "[a.smtp]\nhost='a'\nport=1\n[smtp]\nport=2\n[smtp_old]\nhost='a'\nport=1\n"
            "[smtp.b]\nhost='b'\nport=3\n[db]\nhost='b'\nport=1",
            ["smtp", "a.smtp", "smtp.b", "smtp_old"],
        ),
        ("[db]\nhost='b'", []),
        ("[email]\nsmtp_url='smtps://u:p@a.example'", ["email"]),
        ("url='https://a.example'\n[notify]\nurl='smtp://a.example'", ["notify"]),
        ("[cache]\nurl='redis://a.example'\n[email]\nsmtp_url='a.example'", []),
        ("[db]\nhost='b'\nport=1", []),
        ("[work]\nhost='b'\nport=1", ["work"]),
        ("host='b'\nport=1\n[x]\nhost='b'\nport=1", [".", "x"]),
        ("[[smtp]]\n[[smtp]]\nhost='a'", ["smtp[0]", "smtp[1]"]),
        ("smtp='on'\n[a.'b.c']\nhost='b'\ndomain='x'", ['a."b.c"']),
        ("[[a.b]]\nname='x'\n[[a.b]]\nsmtp={host='b',username='x'}", ["a.b[1].smtp"]),
        ("[smtp.z]\nhost='b'\nport=1\n[smtp.a]\nhost='b'\nport=1", ["smtp.z", "smtp.a"]),
        ("[smtp.password]\nenv='X'", ["smtp"]),
    ],
)
def test_smtp_tables_are_listed_in_the_files_order_smtp_first(text: str, tables: list[str]) -> None:
    assert list(map(spelled, mail_tables(tomllib.loads(text)))) == tables


REAL = """\
[server]
host = "0.0.0.0"
port = 8080

[database]
host = "db.example"
port = 5432
username = "app"
password = "x"

[cache.redis]
host = "r.example"
port = 6379
password = "x"

[accounts.work.imap]
host = "imap.example"
port = 993
username = "me"

[accounts.work.backend]
type = "imap"
host = "imap.example"
port = 143
encryption = "tls"

[ldap]
host = "l.example"
port = 389
username = "cn=x"

[pg]
host = "p.example"
port = 1
dbname = "x"

[notifications.email]
host = "mail.example"
port = 587
user = "u"

[alerts]
host = "other.example"
port = 465
"""


def test_databases_and_imap_accounts_are_not_offered() -> None:
    tables = list(map(spelled, mail_tables(tomllib.loads(REAL))))
    assert tables == ["notifications.email", "alerts"]


@table(
    "table",
    [
        "[database]\nhost='a'\nport=25\nusername='u'\npassword='p'",
        "[imap]\nhost='a'\nport=143\nusername='u'",
        "[x]\nhost='a'\nport=5432\nusername='u'",
        "[x]\nhost='a'\nport='993'\nusername='u'",
        "[x]\nhost='a'\nusername='u'\ndatabase='d'",
        "[mail.imap]\nhost='a'\nport=1\nusername='u'",
        "[accounts.x.message.send.backend]\nhost='a'\nport=25\nencryption.type='tls'",
    ],
)
def test_a_table_of_something_else_is_never_one_of_mail(table: str) -> None:
    assert mail_tables(tomllib.loads(table)) == ()


@table(
    ("table", "path"),
    [
        ("[mailer]\nserver='a.b'\nuser='u'", "mailer"),
        ("[mail]\nsmtp_url='smtps://u:p@a.b'\nfrom='x@a.b'", "mail"),
        ("[x]\nsmtp_host='a.b'\nsmtp_port=25", "x"),
        ("[x]\nhost='a.b'\nport='2525'", "x"),
        ("[x]\nhost='a.b'\nfrom_email='x@a.b'", "x"),
        ("[imap]\nhost='a'\nport=143\n[out]\nhost='a'\nport=587", "out"),
        ("[x]\nhost='a.b'\nport=[25]\nfrom='x'", "x"),
        ("[smtp-relay]\nhost='a'\nport=3025", "smtp-relay"),
    ],
)
def test_a_table_of_mail_is_found_by_its_name_keys_or_port(table: str, path: str) -> None:
    assert list(map(spelled, mail_tables(tomllib.loads(table)))) == [path]
