"""The mail server that a keyring entry is named for."""

from smtp_tui.settings.password_sources import other_host, own_entry
from tests.table import table


@table(
    ("service", "host", "named"),
    [
        ("smtp-tui mail.example.org", "mail.example.org", None),
        ("smtp-tui Mail.Example.org.", "mail.example.org", None),
        ("smtp-tui mail.example.org", "mail.example.net", "mail.example.org"),
        ("smtp-tui b\u00fccher.example", "xn--bcher-kva.example", None),
        ("smtp-tui ::1", "::1", None),
        ("smtp-tui localhost", "mail.example.org", "localhost"),
        ("smtp-tui", "mail.example.org", None),
        ("smtp://mail.example.org:587", "mail.example.org", None),
        ("SMTP://mail.example.org", "other.example.org", "mail.example.org"),
        ("smtp://[::1", "other.example.org", None),
        ("smtp.example.org", "smtp.example.org", None),
        ("smtp.example.org", "other.example.org", "smtp.example.org"),
        ("work mail", "other.example.org", None),
        ("mail.toml", "other.example.org", None),
        ("org.gnome.Evolution", "other.example.org", None),
    ],
)
def test_the_host_that_an_entry_names(service: str, host: str, named: str | None) -> None:
    assert other_host(service, host) == named


def test_the_name_of_the_certificate_counts_too() -> None:
    assert other_host("smtp-tui mail.example.org", "192.0.2.1", "mail.example.org") is None
    assert other_host("smtp-tui mail.example.org", "192.0.2.1", None) == "mail.example.org"


@table("host", ["mail.example.org", "192.0.2.1", "::1", "localhost"])
def test_our_own_entries(host: str) -> None:
    assert other_host(own_entry(host).service, host) is None
    assert other_host(own_entry(host).service, "smtp.example.net") == host
