"""What a find or a provider's preset changes, which rows a search makes, which names are meant."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from smtp_tui.discovery.steps import (
    OK,
    Candidate,
    CandidateSource,
    DiscoveryFinding,
    DiscoveryResult,
    ProbeResult,
    ProbeStarted,
)
from smtp_tui.providers import Presets, Provider, ProviderPort, SecretKind, UsernameKind, providers
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.tui.dialogs.discover import progress_status, result_status, stopped_status
from smtp_tui.tui.dialogs.presets import provider_list
from smtp_tui.tui.dialogs.server_table import (
    DiscoveredServerTable,
    format_details,
    row_cells,
    row_sign,
)
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.settings_changes import (
    DiscoveredServers,
    describe_change,
    found_change,
    next_step,
    preset_change,
    proposed_search,
    unsupported_fields,
)
from smtp_tui.tui.widgets.list import column_widths, fit_cells
from smtp_tui.tui.widgets.text_page import TextBlock
from tests.providers.named import provider_named
from tests.table import table


def found(typed: str, *own: Provider) -> tuple[Provider, ...]:
    """The providers that are listed when this is typed."""
    return provider_list(Presets(providers=(*providers(), *own))).found(typed)


def knock(port: int = 465, **more: Any) -> ProbeResult:
    """A port at which all is well."""
    usual: dict[str, Any] = {
        "seconds": 0.5,
        "took": 0.041,
        "address": "192.0.2.25",
        "cause": None,
        "encryption": Encryption.SSL,
        "version": "TLSv1.3",
        "trusted": OK,
        "after": ("PLAIN", "LOGIN"),
        "values": {"host": "mail.example.org", "port": port, "encryption": "ssl"},
        "reason": "It is named.",
    }
    host = more.pop("host", "mail.example.org")
    source = more.pop("source", CandidateSource.SRV)
    candidate = Candidate(host=host, port=port, source=source)
    return ProbeResult(**{**usual, "candidate": candidate, **more})


def silent(port: int, cause: str = "connect-timeout", **more: Any) -> ProbeResult:
    """A port at which nobody answered."""
    nothing = {"encryption": None, "version": None, "trusted": None, "after": None}
    return knock(port, cause=cause, **{**nothing, "values": {}, "reason": "", **more})


def told(blocks: list[TextBlock]) -> str:
    """What blocks say."""
    return "\n".join(f"{one.first}{''.join(text for text, _ in one.spans)}" for one in blocks)


def heard(
    *steps: DiscoveryFinding | ProbeStarted | ProbeResult | DiscoveryResult,
) -> DiscoveredServers:
    """A search that told these."""
    search = DiscoveredServers("example.org")
    for step in steps:
        search.add(step)
    return search


VALUES = {"host": "mail.example.org", "port": 465, "encryption": "ssl"}


class TestProposed:
    @table(
        ("values", "name"),
        [
            ({"from": "Tickets <t@example.org>", "username": "me@example.net"}, "t@example.org"),
            ({"username": "me@example.net", "host": "mail.example.com"}, "me@example.net"),
            ({"username": "apikey", "host": "mail.example.com"}, "mail.example.com"),
            ({"from": "no address", "host": "192.0.2.1"}, "192.0.2.1"),
            ({}, ""),
        ],
    )
    def test_what_the_form_knows(self, values: dict[str, object], name: str) -> None:
        assert proposed_search(SettingsDraft(values)) == name


class TestFound:
    def test_no_more_than_differs(self) -> None:
        draft = SettingsDraft({"host": "MAIL.example.org", "port": "587", "encryption": "STARTTLS"})
        assert found_change(VALUES, (), draft) == {
            "host": "mail.example.org",
            "port": 465,
            "encryption": "ssl",
        }
        assert found_change(VALUES, (), SettingsDraft(VALUES)) == {}

    def test_an_address_stands_back_behind_a_user_name_of_the_form(self) -> None:
        values = {**VALUES, "username": "me@example.org"}
        assert found_change(values, (), SettingsDraft({"username": "me"})) == VALUES
        assert found_change(values, (), SettingsDraft({})) == values

    @table(
        ("mechanism", "offered", "instead"),
        [
            ("plain", ("PLAIN", "LOGIN"), None),
            ("cram-md5", ("PLAIN", "LOGIN"), "auto"),
            ("plain", ("XOAUTH2",), "xoauth2"),
            ("plain", (), None),
            ("auto", ("CRAM-MD5",), None),
            ("none", ("PLAIN",), None),
            ("nonsense", ("PLAIN",), None),
        ],
    )
    def test_a_mechanism_that_is_not_offered_gives_way(
        self, mechanism: str, offered: tuple[str, ...], instead: str | None
    ) -> None:
        draft = SettingsDraft({**VALUES, "authentication": mechanism})
        assert found_change(VALUES, offered, draft).get("authentication") == instead

    def test_the_name_for_sni_goes_with_the_server_it_was_for(self) -> None:
        other = {"host": "other.example.org", "server_name": "other.example.org"}
        assert found_change(VALUES, (), SettingsDraft(other))["server_name"] == ""
        same = {**VALUES, "server_name": "other.example.org"}
        assert found_change(VALUES, (), SettingsDraft(same)) == {}
        right = {"host": "192.0.2.1", "server_name": "mail.example.org"}
        assert "server_name" not in found_change(VALUES, (), SettingsDraft(right))

    def test_a_pinned_certificate_goes_with_the_server_it_was_of(self) -> None:
        pin = "AB:" * 31 + "AB"
        draft = SettingsDraft({"host": "192.0.2.1", "tls_fingerprint": pin})
        assert found_change(VALUES, (), draft)["tls_fingerprint"] == ""
        assert found_change(VALUES, (), draft, "cd" * 32)["tls_fingerprint"] == ""
        assert "tls_fingerprint" not in found_change(VALUES, (), draft, "ab" * 32)
        at_home = SettingsDraft({**VALUES, "port": 587, "tls_fingerprint": pin})
        assert found_change(VALUES, (), at_home) == {"port": 465}
        sendgrid = provider_named("sendgrid")
        assert preset_change(sendgrid, sendgrid.ways[0], draft)["tls_fingerprint"] == ""

    def test_what_the_file_cannot_say_is_named(self) -> None:
        draft = SettingsDraft({}, limits={"encryption": "The application has no such setting."})
        assert found_change(VALUES, (), draft) == {"host": "mail.example.org", "port": 465}
        assert unsupported_fields(VALUES, draft) == "This file cannot express Encryption Type."
        assert unsupported_fields(VALUES, SettingsDraft({})) == ""


class TestPreset:
    def test_a_literal_user_name_is_taken_over(self) -> None:
        sendgrid = provider_named("sendgrid")
        change = preset_change(sendgrid, sendgrid.ways[0], SettingsDraft({"username": "me"}))
        assert change == {
            "host": "smtp.sendgrid.net",
            "port": 587,
            "encryption": "tls",
            "username": "apikey",
        }

    def test_what_is_to_be_set_is_told_whole(self) -> None:
        sendgrid = provider_named("sendgrid")
        draft = SettingsDraft({"host": "mail.example.org", "username": "apikey"})
        said = describe_change(preset_change(sendgrid, sendgrid.ways[0], draft), draft)
        assert said == (
            "Enter sets SMTP Host: mail.example.org -> smtp.sendgrid.net. "
            "Written to the file although they are the defaults: "
            "SMTP Port 587, Encryption Type tls."
        )
        there = SettingsDraft({"host": "smtp.sendgrid.net", "port": 587, "username": "apikey"})
        said = describe_change(preset_change(sendgrid, sendgrid.ways[0], there), there)
        assert said == "Written to the file although they are the defaults: Encryption Type tls."

    def test_a_host_and_a_mechanism_of_the_provider_stay(self) -> None:
        gmail = provider_named("gmail")
        draft = SettingsDraft({"host": "smtp.googlemail.com", "authentication": "xoauth2"})
        assert preset_change(gmail, gmail.ways[1], draft) == {"port": 587, "encryption": "tls"}

    def test_a_mechanism_that_the_provider_does_not_take_gives_way(self) -> None:
        outlook = provider_named("outlook")
        for draft in (SettingsDraft({"authentication": "plain"}), SettingsDraft({})):
            change = preset_change(outlook, outlook.ways[0], draft)
            assert change["authentication"] == "xoauth2"

    def test_the_host_is_left_to_the_admin_where_each_has_another(self) -> None:
        ses = provider_named("amazon-ses")
        draft = SettingsDraft({"host": "mail.example.org"})
        change = preset_change(ses, ses.ways[0], draft)
        assert change["host"] == ""
        assert "SMTP Host:" not in describe_change(change, draft)
        assert "You choose the host" in describe_change(change, draft)
        ours = SettingsDraft({"host": "email-smtp.eu-west-1.amazonaws.com"})
        assert "host" not in preset_change(ses, ses.ways[0], ours)

    @table(
        ("identity", "values", "field"),
        [
            ("amazon-ses", {}, "host"),
            ("gmail", {"host": "smtp.gmail.com"}, "username"),
            ("gmail", {"host": "smtp.gmail.com", "username": "apikey"}, "username"),
            ("gmail", {"host": "smtp.gmail.com", "username": "me@gmail.com"}, "password"),
            ("sendgrid", {"host": "smtp.sendgrid.net", "username": "apikey"}, "password"),
            ("microsoft-direct", {"host": "example-org.mail.protection.outlook.com"}, None),
        ],
    )
    def test_what_comes_next(
        self, identity: str, values: dict[str, object], field: str | None
    ) -> None:
        step = next_step(provider_named(identity), SettingsDraft(values), is_new=False)
        assert (step and step[0]) == field

    def test_a_password_of_another_server_is_asked_for_anew(self) -> None:
        values = {"host": "smtp.gmail.com", "username": "me@gmail.com", "password": "old"}
        gmail = provider_named("gmail")
        assert next_step(gmail, SettingsDraft(values), is_new=False) is None
        asked = next_step(gmail, SettingsDraft(values), is_new=True)
        assert asked is not None
        assert asked[0] == "password"
        assert gmail.password_is in asked[1]

    @table("provider", providers(), ids=lambda one: one.id)
    def test_each_way_of_each_provider_can_be_set(self, provider: Provider) -> None:
        for way in provider.ways:
            draft = SettingsDraft({"host": "mail.example.org", "authentication": "cram-md5"})
            for key, raw in preset_change(provider, way, draft).items():
                draft.edit(key, raw)
            assert set(draft.problems()) <= {"host", "username", "password"}
            assert draft.parsed()["port"] == way.port


class TestMeant:
    @table(
        ("typed", "first"),
        [
            ("gma", "gmail"),
            ("me@gmail.com", "gmail"),
            ("smtp.sendgrid", "sendgrid"),
            ("sendgrid", "sendgrid"),
            ("googlemail.com", "gmail"),
            ("workspace relay", "google-relay"),
        ],
    )
    def test_name_host_and_domain(self, typed: str, first: str) -> None:
        assert found(typed)[0].id == first

    def test_all_and_none(self) -> None:
        assert found("") == providers()
        assert found("no such provider") == ()


class TestHeard:
    def test_the_best_first_and_the_silent_last_in_one_line_a_cause(self) -> None:
        entries = heard(
            silent(25), knock(587), silent(2525), silent(26, "connection-refused"), knock(465)
        ).rows
        assert [one.ports for one in entries] == [("465",), ("587",), ("25", "2525"), ("26",)]
        assert [row_sign(one)[0] for one in entries] == ["+", "+", "-", "-"]

    def test_a_port_by_both_kinds_of_address_is_one_line(self) -> None:
        search = heard(knock(465), silent(465, address="2001:db8::25"))
        (entry,) = search.rows
        assert "The server does not answer over IPv6: no connection in time." in told(
            format_details(entry, search, "Enter.")
        )

    def test_how_far_it_is(self) -> None:
        search = heard()
        assert (
            "Asking DNS and the known providers about example.org, 1 of 10 s"
            in progress_status(search, 1.2, 10, with_web=False)[0]
        )
        search.add(ProbeStarted(seconds=0.5, ports=4, left_out=0))
        search.add(silent(25))
        assert "1 of 4 ports tried, 3 of 10 s" in progress_status(search, 3, 10, with_web=False)[0]
        assert "before any server had answered" in stopped_status(search, 3)[0]
        search.add(knock())
        assert "You can use what was found" in stopped_status(search, 3)[0]

    def test_what_it_came_to(self) -> None:
        good = DiscoveryResult(seconds=1, ok=True, values=knock().values)
        near = DiscoveryResult(
            seconds=1, ok=False, values=knock().values, cause="certificate-expired"
        )
        none = DiscoveryResult(
            seconds=1, ok=False, cause="host-not-found", reason="DNS knows no name."
        )
        assert result_status(heard(good))[0].startswith("FOUND mail.example.org port 465")
        assert result_status(heard(near))[0].startswith("NOTHING WORKS; the closest is mail.ex")
        assert result_status(heard(none))[0] == "NOTHING FOUND. DNS knows no name."
        assert "Check the spelling" in told(format_details(None, heard(none), ""))

    def test_what_a_server_sends_is_escaped(self) -> None:
        hostile = "\x1b]0;owned\x07\u202e"
        finding = DiscoveryFinding(seconds=0, id="x", text=f"DNS {hostile}")
        bad = knock(host=hostile, greeting=hostile, after=(hostile,), notes=(hostile,))
        search = heard(finding, bad, silent(25, host=hostile))
        shown = [*("".join(row_cells(one)) for one in search.rows)]
        shown += [told(format_details(one, search, "x")) for one in search.rows]
        assert not any(letter in text for text in shown for letter in "\x1b\x07\u202e")


class TestColumns:
    @given(
        st.lists(st.tuples(*[st.text(max_size=40).map(lambda t: t.replace("\n", ""))] * 3)),
        st.integers(10, 200),
    )
    def test_columns_keep_to_their_width(
        self, rows: list[tuple[str, str, str]], width: int
    ) -> None:
        rows = [("host", "port", "time"), *rows]
        widths, gap = column_widths(rows, width, (4, 2, 2))
        assert sum(widths) + 2 * gap <= max(width, 4 + 4 + 4 + 2)
        for row in rows:
            printable = ["".join(filter(str.isprintable, cell)) for cell in row]
            assert [cell_len(cell) for cell in fit_cells(printable, widths, gap)] == [
                one + gap for one in widths
            ]

    @table("width", [40, 60, 76, 96, 136])
    def test_the_table_has_no_line_that_is_wider_than_there_is_room(self, width: int) -> None:
        table = DiscoveredServerTable()
        many = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
        search = heard(
            knock(host="submission.mail.customers.example.org", after=many, took=12.3),
            knock(
                587, trusted="certificate-incomplete-chain", cause="certificate-incomplete-chain"
            ),
            silent(25, host="submission.mail.customers.example.org"),
        )
        table.rows = search.rows
        lines = [table.heading(width), *(line for (line,) in table.layout_rows(width))]
        for spans in lines:
            assert cell_len("".join(text for text, _ in spans).rstrip()) <= max(width, 56)


def test_the_record_of_a_provider_of_ones_own() -> None:
    own = Provider(
        id="ours",
        name="Our relay",
        hosts=("relay.example.org",),
        ways=(ProviderPort(465, Encryption.SSL),),
        authentication=(Authentication.PLAIN,),
        user=UsernameKind.LOGIN,
        username_is="the login",
        secret=SecretKind.PASSWORD,
        password_is="the one of the directory",
        sources=("https://wiki.example.org/mail",),
        taken=date(2026, 11, 24),
    )
    assert found("our rel", own)[0] is own
    assert preset_change(own, own.ways[0], SettingsDraft({}))["authentication"] == "plain"
