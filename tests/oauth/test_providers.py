"""What is known of Microsoft and Google: endpoints, scopes, flows, hosts, and their sources."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

from smtp_tui.oauth.entry import Endpoints, Flow
from smtp_tui.oauth.flows import begin_paste
from smtp_tui.oauth.providers import (
    display_name,
    endpoints_of,
    flows_of,
    hosts_of,
    known_providers,
    may_go_to,
    provenances,
    provider_for,
    rotates,
    scopes_of,
)
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.providers import providers
from tests.table import table

OTHER = Endpoints(issuer="https://x.test", token="https://x.test/token")


def test_every_entry_names_its_sources() -> None:
    assert [one.name for one in provenances()] == ["microsoft", "google"]
    for one in provenances():
        assert one.sources
        assert all(source.startswith("https://") for source in one.sources)
        assert one.taken
        assert one.taken <= date.today()


def test_every_address_is_https_and_every_scope_is_whole() -> None:
    for known in known_providers().values():
        for url in (known.issuer, known.authorization, known.token, known.device, known.revocation):
            assert url is None or url.startswith("https://")
        for scope in (*known.scopes, *known.imap, *known.application):
            assert " " not in scope
        assert urlsplit(known.redirect).hostname in ("localhost", "127.0.0.1")


def test_the_submission_servers_of_the_presets_are_known() -> None:
    presets = {provider.id: provider.hosts for provider in providers()}
    for preset, provider in (("gmail", "google"), ("outlook", "microsoft")):
        assert {provider_for(host) for host in presets[preset]} == {provider}
    assert provider_for("smtp.office365.com") == "microsoft"
    assert provider_for("SMTP.Gmail.com.") == "google"
    assert provider_for("smtp.example.org") is None


async def test_a_tenant_goes_into_the_addresses_of_microsoft() -> None:
    found = await endpoints_of("microsoft", "example.org")
    assert found.token == "https://login.microsoftonline.com/example.org/oauth2/v2.0/token"
    assert found.device == "https://login.microsoftonline.com/example.org/oauth2/v2.0/devicecode"
    assert found.revocation is None
    assert "/common/" in (await endpoints_of("microsoft")).token


async def test_google_never_offers_a_code() -> None:
    google = await endpoints_of("google")
    assert flows_of("google", google) == (Flow.PASTE,)
    assert flows_of("microsoft", await endpoints_of("microsoft")) == tuple(Flow)
    assert flows_of("https://x.test", OTHER) == (Flow.CLIENT,)
    assert google.revocation == "https://oauth2.googleapis.com/revoke"


def test_scopes() -> None:
    send, offline = "https://outlook.office.com/SMTP.Send", "offline_access"
    assert scopes_of("microsoft", Flow.DEVICE) == (send, offline)
    assert len(scopes_of("microsoft", Flow.PASTE, imap=True)) == 3
    assert scopes_of("microsoft", Flow.CLIENT) == ("https://outlook.office365.com/.default",)
    assert scopes_of("google", Flow.PASTE, imap=True) == ("https://mail.google.com/",)
    assert scopes_of("https://x.test", Flow.PASTE) == ("openid", "offline_access")
    assert scopes_of("https://x.test", Flow.CLIENT) == ()


async def test_google_gives_a_refresh_token_only_if_it_is_asked_for() -> None:
    client = Client(
        provider="google",
        endpoints=await endpoints_of("google"),
        client_id="me",
        scopes=scopes_of("google", Flow.PASTE),
        username="me@example.org",
    )
    asked = dict(parse_qsl(urlsplit(begin_paste(client).address).query))
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert (asked["redirect_uri"], asked["login_hint"]) == ("http://127.0.0.1", "me@example.org")


@table(
    ("host", "goes"),
    [
        ("smtp.office365.com", True),
        ("SMTP.OFFICE365.COM.", True),
        ("relay.example.org", True),
        ("smtp.office365.com.evil.example", False),
        ("evil.example", False),
        ("", False),
    ],
)
def test_where_a_token_may_go(host: str, goes: bool) -> None:
    assert may_go_to(hosts_of("microsoft", "Relay.example.org"), host) is goes


def test_an_international_host() -> None:
    assert may_go_to(hosts_of("https://x.test", "mail.bücher.example"), "mail.BÜCHER.example")


def test_only_what_never_changes_can_be_kept_in_a_credential() -> None:
    assert [rotates(name) for name in ("microsoft", "google", "https://x.test")] == [
        True,
        False,
        None,
    ]


def test_names_for_messages() -> None:
    assert display_name("microsoft") == "Microsoft"
    assert display_name("https://login.example.org/realm/") == "login.example.org/realm"
    assert display_name("\x1b[2J") == "\\x1b[2J"
