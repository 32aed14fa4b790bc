"""Declare each command once for bindings, key hints, help, menu and handler."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from smtp_tui.records import record

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.command_runner import FormCommandRunner

Handler = Callable[["FormCommandRunner"], Coroutine[Any, Any, object]]
Hints = tuple[tuple[str, str], ...]

ENGRAVED = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "insert": "Ins"}
SIGN_KEYS = {
    "underscore": "_",
    "backslash": "\\",
    "circumflex_accent": "^",
    "right_square_bracket": "]",
    "@": "Spc",
}
# Keys, by their start, that terminals may not send, by the start of TERM.
RARE_KEYS = {"linux": ("alt+",), "screen": ("alt+",), "vt": ("alt+", "f")}


def key_name(key: str) -> str:
    """Format a key for display: `F5`, `^T`, `Alt+E`, `Esc`."""
    modifier, _, letter = key.rpartition("+")
    if modifier == "ctrl":
        return "^" + SIGN_KEYS.get(letter, letter.upper())
    if modifier == "alt" or (len(key) == 1 and key.isupper()):
        return f"{modifier or 'shift'}+{letter}".title()
    return ENGRAVED.get(key, key.capitalize())


@record
class FormCommand:
    """A command: its action, its keys, its label in hints and menu, and its row in the help.

    A `handler` runs in a worker; only one command with `is_test` runs at a time. Without a
    handler, `action` is a Textual action of the widget that binds it. `bound` are the default keys.
    `hints` are the positions in the key hints of the form and of the log; 0: not shown.
    """

    action: str
    # Each function key has an alternative, because serial lines, `screen` and some terminals' own
    # menus swallow function keys. No alternative is Ctrl+A, B, C or Q, which multiplexers,
    # interrupts and flow control use; Ctrl+S is a third key of Save, for hands that know it, where
    # no flow control swallows it. Ctrl+P, after which `docker attach` waits for a second key,
    # is never the only key.
    bound: str
    label: str
    help: str
    handler: Handler | None = None
    hints: tuple[int, int] = (0, 0)
    is_test: bool = False
    is_global: bool = False
    is_configurable: bool = False
    # Other words that find the command in the menu.
    synonyms: str = ""
    # The command whose dialog has a key for this one, which has none of its own.
    within: str = ""

    @property
    def default_keys(self) -> tuple[str, ...]:
        """The keys unless the admin chose others."""
        return tuple(self.bound.split())

    @property
    def active_keys(self) -> tuple[str, ...]:
        """The keys in effect."""
        chosen = _chosen_keys.get(self.action) if self.is_configurable else None
        return chosen or self.default_keys

    @property
    def keys(self) -> str:
        """The keys, formatted for display."""
        return " ".join(map(key_name, self.active_keys))

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The keys to show, formatted for display, the first one first."""
        # A third key is a character, which works only where no text is typed, or Ctrl+S, which
        # flow control may swallow.
        keys = [key for key in self.active_keys if key not in self.default_keys[2:]]
        return tuple(map(key_name, sorted(keys, key=_is_rare)))

    @property
    def has_sure_key(self) -> bool:
        """Whether every terminal of this kind sends one of the keys."""
        return not all(map(_is_rare, self.active_keys))

    @property
    def hint_keys(self) -> str:
        """The keys to show in the key hints."""
        return " ".join(self.shown_keys)

    @property
    def first_key(self) -> str:
        """The key to show where only one fits."""
        return self.shown_keys[0]


def _is_rare(key: str) -> bool:
    """Whether a terminal of this kind may not send a key."""
    name = os.environ.get("TERM", "")
    if name.startswith("screen-"):  # tmux calls itself that, and sends Alt
        return False
    rare = next((keys for term, keys in RARE_KEYS.items() if name.startswith(term)), ())
    return len(key) > 1 and key.startswith(rare)


_chosen_keys: dict[str, tuple[str, ...]] = {}


def set_active_keys(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Set the chosen keys, by action; all other commands use their defaults."""
    _chosen_keys.clear()
    _chosen_keys.update(keys)


_command = partial(FormCommand, is_configurable=True)
_test = partial(_command, is_test=True)

# The formatter would spread each command over five lines.
# fmt: off
COMMANDS: tuple[FormCommand, ...] = (
    _test("test", "f5 ctrl+t", "Test", "test the settings in the form, saved or not",
        lambda runner: runner.check.test(), hints=(3, 12),
        synonyms="check try connect verify run"),
    _test("fix", "f9 ctrl+r", "Fix", "apply the best fix and test again",
        lambda runner: runner.check.fix(), hints=(1, 10),
        synonyms="repair cure"),
    _test("fixes", "f8 ctrl+f", "Fixes", "list all fixes and choose one",
        lambda runner: runner.check.choose_fix(), hints=(2, 11),
        synonyms="alternatives trust pin"),
    _command("place", "alt+c", "Test from", "test from here, a container, a unit or a process",
        lambda runner: runner.place.choose(),
        synonyms="docker podman container systemd pid namespace inside"),
    _command("undo", "f4 ctrl+underscore", "Undo", "undo the last change, yours or a fix",
        hints=(9, 0),
        synonyms="revert"),
    _command("redo", "ctrl+backslash alt+e", "Redo", "redo the last undone change"),
    _command("save", "f2 ctrl+o ctrl+s", "Save", "save the changes to the file",
        lambda runner: runner.saving.save(), hints=(4, 0),
        synonyms="write store"),
    _command("diff", "alt+d insert", "Diff", "show what saving would change in the file",
        lambda runner: runner.saving.review(),
        synonyms="changes preview review"),
    _command("private", "alt+m", "Mode 0600", "make the file readable only by its owner",
        lambda runner: runner.saving.make_private(),
        synonyms="chmod permissions owner"),
    _command("tables", "alt+o", "Tables", "go to another SMTP table of the file",
        lambda runner: runner.tables.choose(),
        synonyms="sections switch"),
    _command("dialect", "alt+a", "Format", "choose the program whose settings the file holds",
        lambda runner: runner.tables.choose_format(),
        synonyms="application program keys"),
    _command("discover", "alt+s ctrl+circumflex_accent", "Discover",
        "find the settings of a domain",
        lambda runner: runner.discovery.discover(),
        synonyms="search autoconfig mx find"),
    _command("presets", "alt+p ctrl+@", "Presets", "use the settings of a mail provider",
        lambda runner: runner.discovery.presets(),
        synonyms="gmail google hotmail microsoft office365 outlook yahoo aol icloud fastmail zoho "
        "proton gandi ovh migadu mailbox posteo gmx web.de ionos strato hetzner telekom "
        "infomaniak rackspace godaddy one.com aruba runbox kolab all-inkl domainfactory "
        "united-domains easydns naver yandex mail.ru qq tencent netease aliyun alibaba "
        "amazon ses sendgrid twilio mailgun postmark sparkpost bird mailjet brevo "
        "sendinblue mailtrap resend mailchimp mandrill smtp2go mailersend zeptomail "
        "scaleway oracle azure"),
    _command("import", "alt+i", "Import", "import the settings of another program",
        lambda runner: runner.discovery.import_settings(),
        synonyms="paste env swaks read"),
    _command("export", "alt+x", "Export", "export the settings for another program",
        lambda runner: runner.discovery.export_settings(),
        synonyms="env msmtp postfix convert"),
    _command("domain", "alt+n", "DNS", "show what DNS says about the sender's domain",
        lambda runner: runner.discovery.show_domain(),
        synonyms="dkim spf dmarc mx ptr"),
    _command("peek", "alt+v", "Reveal", "show or hide the password that you typed",
        synonyms="show unmask peek"),
    _command("sign_in", "alt+k", "Sign in", "sign in at the provider, without a password",
        lambda runner: runner.sign_in.start(),
        synonyms="login oauth oauth2 token xoauth2 oauthbearer device"),
    _command("switch", "f6 ctrl+l", "Log", "go to the log, and back to the form", hints=(5, 1),
        synonyms="dialogue transcript protocol"),
    _command("commands", "ctrl+p f12 :", "Menu", "list all commands and fields", hints=(10, 0)),
    _command("jump", "f11 ctrl+v", "Go to", "go to a field by the letter shown next to it"),
    _command("help", "f1 ctrl+g ?", "Help", "show what every key does", hints=(7, 9),
        synonyms="keys shortcuts manual"),
    _command("explain", "f3 ctrl+y", "Explain", "explain the field, or the last test, in full",
        hints=(6, 8), synonyms="why describe"),
    _command("error", "alt+w", "Error", "explain an error from another program",
        lambda runner: runner.tools.explain(),
        synonyms="paste bounce explain"),
    _test("send", "f7 ctrl+n", "Send", "send a test message; asks for recipients first",
        lambda runner: runner.check.send(), hints=(11, 0),
        synonyms="mail message"),
    _command("redraw", "alt+l", "Redraw", "paint the whole screen again", is_global=True,
        synonyms="refresh repaint garbage"),
    _command("leave", "f10 ctrl+x", "Quit", "quit; asks first about unsaved changes",
        lambda runner: runner.saving.leave(), hints=(8, 20),
        synonyms="exit close"),
    _command("back", "escape", "Stop", "stop what runs, or go back to the form"),
    _command("theme", "alt+t", "Theme", "use colours for a light or a dark background",
        is_global=True, synonyms="dark light colours colors"),
    _command("suspend", "ctrl+z", "Suspend", "go to the shell; `fg` brings you back",
        is_global=True,
        synonyms="shell background"),
    _command("how_to_quit", "ctrl+c", "", "", is_global=True),
)

LOG_COMMANDS: tuple[FormCommand, ...] = (
    _command("find", "/ ctrl+w", "Find", "search; a capital makes it case-sensitive", hints=(0, 2),
        synonyms="search grep"),
    _command("next_match", "n", "Next", "go to the next match"),
    _command("previous_match", "N", "Previous", "go to the previous match"),
    _command("filter", "f", "Filter", "show all lines, the dialogue, or warnings and facts",
        hints=(0, 3)),
    _command("wrap", "w", "Wrap", "wrap long lines, or cut them off", hints=(0, 13)),
    _command("fold", "enter", "Unfold", "unfold or fold the details here; elsewhere, all details",
        hints=(0, 14)),
    _command("earlier_test", "t", "Tests", "go to the start of this test, then of the one above",
        hints=(0, 6)),
    _command("later_test", "T", "Later test", "go to the start of the test below"),
    _command("compare", "d", "Compare", "compare the test under the cursor with the one before",
        lambda runner: runner.tools.compare(), hints=(0, 7),
        synonyms="difference"),
    _command("copy", "c", "Copy", "copy the line or the marked block (terminal clipboard)",
        lambda runner: runner.tools.copy(), hints=(0, 4),
        synonyms="clipboard yank"),
    _command("copy_test", "a", "Copy test", "copy the whole last test",
        lambda runner: runner.tools.copy_test(),
        synonyms="clipboard yank"),
    _command("mark", "m", "Mark", "start a block here; moving the cursor extends it",
        hints=(0, 15)),
    _command("report", "r", "Report", "save a report of the last test, without secrets",
        lambda runner: runner.tools.report(), hints=(0, 5),
        synonyms="ticket markdown"),
    _command("save_text", "o", "Save text", "save the dialogue of the last test as plain text",
        lambda runner: runner.tools.save_text(), hints=(0, 16),
        synonyms="transcript dialogue"),
    _command("same", "s", "swaks, curl", "show swaks, openssl and curl commands for this test",
        lambda runner: runner.tools.equivalents(), hints=(0, 17),
        synonyms="openssl"),
)

# Commands without a key of their own, which only the menu offers.
MENU_COMMANDS: tuple[FormCommand, ...] = (
    FormCommand("backup", "", "Backup", "save, and keep the old file as FILE~",
        lambda runner: runner.saving.review(backup=True), synonyms="copy tilde", within="diff"),
    FormCommand("tap", "", "Tap", "relay an application, and show what it sends",
        lambda runner: runner.check.tap(), is_test=True,
        synonyms="application proxy listen relay dialogue sniff"),
    FormCommand("drift", "", "Drift", "show what runs with other settings than the file's",
        lambda runner: runner.saving.drift.show(), synonyms="restart running container service"),
    FormCommand("scan", "", "Scan", "find the SMTP settings on this machine, and open one",
        lambda runner: runner.scan.find(),
        synonyms="search machine applications containers compose units files"),
    FormCommand("recording", "", "Recording", "show a check that check --record has kept",
        lambda runner: runner.recording.choose(), is_test=True,
        synonyms="replay open play failure"),
    FormCommand("record", "", "Record", "keep the last test in a file, without secrets",
        lambda runner: runner.tools.record(),
        synonyms="save failure jsonl"),
    FormCommand("mail_servers", "", "MX servers",
        "check a domain's mail servers, as a server that sends to it does",
        lambda runner: runner.mail_servers.check(),
        synonyms="mta receive inbound dane tlsa mta-sts port 25 as-mta"),
)
# fmt: on


def configurable() -> tuple[FormCommand, ...]:
    """Return the commands whose keys an admin can choose."""
    return (*COMMANDS, *LOG_COMMANDS)


def command_named(action: str) -> FormCommand:
    """Return the configurable command with this action."""
    return next(command for command in configurable() if command.action == action)


def key_of(action: str) -> str:
    """Return the first key of a command, formatted for display."""
    return command_named(action).first_key


def with_keys(text: str) -> str:
    """Replace default keys by the active keys in a text."""
    names = {key_name(command.default_keys[0]): command.first_key for command in COMMANDS}
    return re.sub(r"\b(F\d+|Alt\+[A-Z])\b", lambda match: names.get(match[0], match[0]), text)


def key_names(action: str) -> str:
    """Join all keys of a command for a sentence: `F10 or Ctrl+X`."""
    names = map(key_name, command_named(action).active_keys)
    return " or ".join(re.sub(r"^\^", "Ctrl+", name) for name in names)


def with_help(hints: Hints) -> Hints:
    """Add the help's key before the last hint, which goes back."""
    return (*hints[:-1], (key_of("help"), "Help"), *hints[-1:])


def hints_of(commands: Iterable[FormCommand], hidden: Collection[str] = ()) -> Hints:
    """Return keys and labels of a dialog's commands and of the help, without hidden actions."""
    shown = (command for command in commands if command.action not in hidden)
    return with_help(tuple((command.hint_keys, command.label) for command in shown))


def hints_at(
    *,
    has_fixes: bool = False,
    can_undo: bool = False,
    is_in_log: bool = False,
    is_busy: bool = False,
    has_passed: bool = False,
) -> Hints:
    """Return the key hints, most useful first: 80 columns show all that matter now."""
    hidden = {"send"} if has_fixes else {"fix", "fixes"}
    hidden |= set() if can_undo else {"undo"}
    shown = [
        command
        for command in configurable()
        if command.hints[is_in_log] and command.action not in hidden
    ]
    # Nothing is left but to save what has passed.
    order = ("save", "undo", "test", "send") if can_undo and has_passed else ()
    shown.sort(key=lambda command: command.hints[is_in_log])
    if not is_in_log:
        shown.sort(key=lambda command: [*order, command.action].index(command.action))
    hints = []
    for command in shown:
        # The help lists the menu's other keys; in this line they would push out `Send`.
        keys = command.first_key if command.action == "commands" else command.hint_keys
        if is_busy and command.action == "test":
            hints.append((key_of("back"), "Stop"))
        else:
            returns_to_form = is_in_log and command.action == "switch"
            hints.append((keys, "Form" if returns_to_form else command.label))
    return tuple(hints)


def log_keys() -> Hints:
    """Return all keys of the log with their help texts."""
    return (*((command.keys, command.help) for command in LOG_COMMANDS), *LOG_KEYS)


LOG_KEYS = (
    ("Up Down PgUp PgDn", "scroll; at the end the log follows new lines"),
    ("^U ^D", "scroll by half a page"),
    ("Left Right", "scroll lines that are cut off"),
    ("g G Home End", "go to the first or last line"),
    ("q", "go back to the form"),
)
