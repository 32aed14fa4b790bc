"""Fixes in words, made as a whole and taken back; and whom one would trust by them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from smtp_tui.diagnosis.verdict import Fix
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.commands import hints_at, set_active_keys
from smtp_tui.tui.dialogs.fixes import trust_blocks
from smtp_tui.tui.dialogs.program_text import break_command
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.fixes import (
    FixKind,
    FixProposal,
    describe_fix,
    fix_proposals,
    format_done,
    format_fix,
    proposal_of,
)
from smtp_tui.tui.model.undo import UndoStack
from smtp_tui.tui.widgets.text_page import TextBlock, flow
from tests.tui.fixes import (
    AUTHORITY,
    ELSEWHERE,
    ENCRYPTION,
    LEAF,
    NAME,
    OPEN,
    PASSWORD,
    PIN,
    ROOT,
    failing,
)

FILE = {"host": "mail.example.net", "encryption": "TLS", "password": "hunter2hunter2"}


def said(blocks: list[TextBlock], width: int = 76) -> str:
    return "\n".join("".join(text for text, _ in line) for line in flow(blocks, width))


class TestCures:
    def test_each_fix_has_its_way(self) -> None:
        verdict = failing(AUTHORITY, PIN, NAME, OPEN, ENCRYPTION, PASSWORD)
        kinds = [cure.kind for cure in fix_proposals(verdict, (LEAF, ROOT))]
        assert kinds == [
            FixKind.NAME,
            FixKind.SAVE_AUTHORITY,
            *[FixKind.ASK] * 3,
            FixKind.SET,
            FixKind.GO_TO,
        ]

    def test_without_a_root_only_the_admin_knows_the_ca(self) -> None:
        (cure,) = fix_proposals(failing(AUTHORITY), (LEAF,))
        assert cure.kind is FixKind.NAME

    def test_a_self_signed_certificate_is_saved_rather_than_named(self) -> None:
        verdict = failing(AUTHORITY, cause="certificate-self-signed")
        kinds = [cure.kind for cure in fix_proposals(verdict, (ROOT,))]
        assert kinds == [FixKind.SAVE_AUTHORITY, FixKind.NAME]

    def test_a_ca_file_that_cannot_be_used_is_not_one_to_save(self) -> None:
        verdict = failing(AUTHORITY, cause="settings-invalid", stage=Stage.SETTINGS)
        (cure,) = fix_proposals(verdict, (LEAF, ROOT))
        assert cure.kind is FixKind.GO_TO

    def test_nothing_that_weakens_comes_first(self) -> None:
        assert fix_proposals(failing(OPEN, PIN), (LEAF,)) == ()


class TestWords:
    @pytest.mark.parametrize(
        ("fix", "words"),
        [
            (ENCRYPTION, "Encryption Type: tls -> ssl"),
            (NAME, "Server Name: the host -> mx.example.net"),
            (OPEN, "OpenSSL Verify Mode: peer -> none"),
            (PASSWORD, "SMTP Password: type it yourself"),
            (Fix(field="ca_file", value="", why=""), "CA File: the system's -> the system's"),
            (Fix(field="starttls_auto", value=True, why=""), "Start TLS Auto: no -> yes"),
        ],
    )
    def test_a_change_in_the_words_of_the_form(self, fix: Fix, words: str) -> None:
        assert format_fix(proposal_of(fix), SettingsDraft(FILE)) == words

    def test_of_several_fields_those_are_named_that_change(self) -> None:
        other = {**FILE, "port": 465}
        assert format_fix(proposal_of(ELSEWHERE), SettingsDraft(other)) == "SMTP Port: 465 -> 587"
        other["encryption"] = "ssl"
        words = "SMTP Port: 465 -> 587, Encryption Type: ssl -> tls"
        assert format_fix(proposal_of(ELSEWHERE), SettingsDraft(other)) == words

    def test_no_words_tell_the_password(self) -> None:
        draft = SettingsDraft(FILE)
        password = Fix(field="password", value="hunter2hunter2", why="")
        told = format_fix(proposal_of(password), draft) + format_done(password.change, draft)
        assert "hunter2" not in told + describe_fix(proposal_of(password), "auth-rejected")

    @pytest.mark.parametrize(
        ("fix", "words"),
        [
            (ENCRYPTION, "sets Encryption Type to ssl and tests again"),
            (ELSEWHERE, "sets SMTP Port to 587 and sets Encryption Type to tls, and tests again"),
            (NAME, "sets Server Name to mx.example.net if you trust it, and tests again"),
            (PIN, "pins this certificate if you trust it, and tests again"),
            (PASSWORD, "goes to SMTP Password"),
            (Fix(field="ca_file", value="", why=""), "removes CA File and tests again"),
        ],
    )
    def test_a_promise(self, fix: Fix, words: str) -> None:
        assert describe_fix(proposal_of(fix), "a-cause").startswith(words)
        assert "without a message" in describe_fix(proposal_of(ENCRYPTION), "", sends=True)

    def test_a_ca_is_named_or_saved(self) -> None:
        name, save = fix_proposals(failing(AUTHORITY), (LEAF, ROOT))
        cause = "certificate-unknown-issuer"
        assert describe_fix(name, cause) == (
            "goes to CA File: name the file with your CA's certificate"
        )
        assert describe_fix(save, cause) == (
            "saves the CA that the server sent as CA File if you trust it, and tests again"
        )
        assert "this certificate" in describe_fix(save, "certificate-self-signed")


class TestHistory:
    def test_a_change_is_made_and_undone_as_a_whole(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.apply(draft, {"port": 465, "encryption": "ssl"})
        assert draft.changed == ("port", "encryption")
        undone = history.undo(draft)
        assert undone
        assert not draft.changed
        assert not history
        words, _ = undone
        assert words == "Undone: SMTP Port is 587 again, Encryption Type is tls again."

    def test_several_are_undone_one_by_one(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.apply(draft, {"encryption": "ssl"})
        history.apply(draft, {"encryption": "none", "port": 25})
        history.undo(draft)
        assert (draft.text("encryption"), draft.text("port")) == ("ssl", "")
        history.undo(draft)
        assert draft.text("encryption") == "TLS"
        assert history.undo(draft) is None

    def test_what_was_typed_since_stays(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.apply(draft, {"port": 465, "encryption": "ssl"})
        draft.edit("host", "other.example.net")
        draft.edit("port", "2465")
        undone = history.undo(draft)
        assert undone
        assert undone[0].startswith("Undone: Encryption Type is ")
        assert (draft.text("host"), draft.text("port")) == ("other.example.net", "2465")
        assert "SMTP Port keeps your later change" in undone[0]

    def test_after_a_save_it_can_still_be_undone(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        history.apply(draft, {"port": 465, "encryption": "SSL"})
        draft.rebase({**FILE, "port": 465, "encryption": "ssl"})
        history.undo(draft)
        assert {key: draft.to_write(key) for key in draft.changed} == {
            "port": None,
            "encryption": "tls",
        }

    def test_what_was_typed_before_the_fix_comes_back(self) -> None:
        draft, history = SettingsDraft(FILE), UndoStack()
        draft.edit("port", "2525")
        history.apply(draft, {"port": 465})
        history.undo(draft)
        assert draft.text("port") == "2525"


class TestTrust:
    def test_it_tells_all_that_an_admin_compares(self) -> None:
        told = said(trust_blocks(proposal_of(PIN), (LEAF, ROOT), SettingsDraft(FILE), 80))
        for words in ("mx.example.net", "CN=Acme CA", "2020-01-01 to 2120-01-01", "days left"):
            assert words in told
        pairs = told.replace("\n", "").replace(" ", "")
        assert ":".join(LEAF.sha256[at : at + 2].upper() for at in range(0, 64, 2)) in pairs

    @pytest.mark.parametrize("width", [140, 80, 56, 40])
    def test_no_pair_of_the_hash_stands_alone(self, width: int) -> None:
        lines = said(
            trust_blocks(proposal_of(PIN), (LEAF,), SettingsDraft(FILE), width), width - 2
        ).splitlines()
        pairs = [line.split()[-1] for line in lines if line.count(":") > 5]
        assert len({group.count(":") for group in pairs[:-1]}) <= 1
        assert "".join(pairs) == LEAF.fingerprint

    @pytest.mark.parametrize(
        ("cure", "words"),
        [
            (proposal_of(NAME), "Accept mx.example.net as mail.example.net?"),
            (
                proposal_of(Fix(field="host", value="mx.a.example", why="", trusts=True)),
                "instead of",
            ),
            (FixProposal(AUTHORITY, FixKind.SAVE_AUTHORITY, ROOT), "Save this CA and trust it?"),
            (
                FixProposal(AUTHORITY, FixKind.SAVE_AUTHORITY, LEAF),
                "Save this certificate and trust it?",
            ),
            (
                proposal_of(Fix(field="tls_fingerprint", value="", why="", trusts=True)),
                "Remove the pin",
            ),
            (
                proposal_of(Fix(field="ca_file", value="", why="", trusts=True)),
                "Trust the CAs of this",
            ),
            (proposal_of(OPEN), "Any will do. The next test already sends your username"),
        ],
    )
    def test_it_asks_what_is_meant(self, cure: FixProposal, words: str) -> None:
        told = said(trust_blocks(cure, (LEAF, ROOT), SettingsDraft(FILE), 500), 500)
        assert words in told
        assert "{" not in told

    def test_names_of_a_server_are_inert(self) -> None:
        hostile = replace(LEAF, names=("a\x1b[31m.example",), issuer="CN=\u202ex {host}")
        told = said(trust_blocks(proposal_of(PIN), (hostile,), SettingsDraft(FILE), 80))
        assert "a\\x1b[31m.example" in told
        assert not set("\x1b\u202e") & set(told)


class TestHints:
    @pytest.fixture(autouse=True)
    def usual_keys(self) -> None:
        # An application leaves its keys to the process.
        set_active_keys({})

    @pytest.mark.parametrize(
        ("has_fixes", "can_undo", "is_in_log"), [*product((False, True), repeat=3)]
    )
    def test_they_fit_80_columns(self, has_fixes: bool, can_undo: bool, is_in_log: bool) -> None:
        hints = hints_at(has_fixes=has_fixes, can_undo=can_undo, is_in_log=is_in_log)
        # There are more than fit; the most wanted come first.
        first = [word for _, word in hints][: 8 if is_in_log else 6]
        short = sum(len(keys.split()[0]) + len(word) + 3 for keys, word in hints[: len(first)])
        assert 1 + short - 2 <= 80
        assert {"Form", "Explain"} <= {*first} if is_in_log else {"Test", "Log"} <= {*first}
        assert (("F9 ^R", "Fix") in hints) == has_fixes
        assert (("F4 ^_", "Undo") in hints) == (can_undo and not is_in_log)
        assert (("R", "Report") in hints) == is_in_log


class TestCommandLines:
    def test_a_line_breaks_between_words_as_a_shell_reads_on(self) -> None:
        line = 'swaks --server \'a b c d e\' --quote "x \\" y" --last'
        lines = break_command(line, 24)
        assert all(len(one) <= 24 for one in lines)
        assert " ".join(one.removesuffix(" \\").strip() for one in lines) == line
        assert all(one.endswith(" \\") for one in lines[:-1])

    def test_a_short_one_stays(self) -> None:
        assert break_command("curl -v", 80) == ["curl -v"]
