"""The floors at run time: a check loads nothing that it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("textual", "rich", "tomlkit", "keyring", "cryptography", "idna")
SPARED = {
    "importlib.metadata",
    "shutil",
    "getpass",
    "difflib",
    "json",
    "smtp_tui.tui",
    "smtp_tui.launch",
}
SPARED |= {"smtp_tui.config.password_store", "smtp_tui.config.document"}
SPARED |= {"smtp_tui.config.dialects.decode", "smtp_tui.config.dialects.detect"}

PROGRAM = """
import sys
from smtp_tui.program import main
status = main(sys.argv[1:])
with open("loaded", "w") as file:
    file.writelines(f"{name}\\n" for name in sorted(sys.modules))
sys.exit(status)
"""


# What a check from where an application runs needs, and no other.
SPARED |= {"ctypes", "smtp_tui.places", "smtp_tui.checks.side_by_side", "smtp_tui.interchange"}
SPARED |= {"smtp_tui.smtp.proxies", "smtp_tui.smtp.unix_sockets"}
# What signs in, fetches over HTTPS, or follows a message that was sent.
SPARED |= {"smtp_tui.web", "smtp_tui.oauth", "smtp_tui.arrival", "http.client", "imaplib"}
SPARED |= {"oauthlib", "dkim", "qrcode"}
# What keeps a check, shows one again, or is for other programs.
SPARED |= {"smtp_tui.checks.recording", "smtp_tui.checks.record_codec", "smtp_tui.api"}


def loaded(folder: Path, *arguments: str, status: int, **environment: str) -> set[str]:
    """The modules that a call has loaded by its end."""
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == status, finished.stdout + finished.stderr
    return set((folder / "loaded").read_text().split())


def weights(modules: set[str]) -> set[str]:
    """Those of the heavy libraries that are among the modules."""
    return {name.partition(".")[0] for name in modules} & set(HEAVY)


def test_a_check_without_a_file(tmp_path: Path) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "port=1")
    modules = loaded(tmp_path, *words, status=6)
    assert weights(modules) == set()
    assert modules & SPARED == set()
    assert not any(
        name.startswith(("smtp_tui.demo", "smtp_tui.survey", "smtp_tui.tap")) for name in modules
    )
    assert not modules & {"smtp_tui.smtp.port_probe", "smtp_tui.providers.hosting"}


@pytest.mark.parametrize(
    "password",
    ['"wonderland"', '{ env = "OTHER" }', '{ file = "secret" }', '{ command = ["echo", "x"] }'],
)
def test_a_check_of_a_file(tmp_path: Path, password: str) -> None:
    (tmp_path / "secret").write_text("wonderland\n")
    file = tmp_path / "mail.toml"
    lines = ("[smtp]", 'host = "127.0.0.1"', "port = 1", 'username = "alice"')
    file.write_text("\n".join([*lines, f"password = {password}"]))
    modules = loaded(tmp_path, "check", str(file), status=6, OTHER="wonderland")
    assert weights(modules) == set()


def test_a_password_in_a_keyring_loads_the_keyring_alone(tmp_path: Path) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "port=1", "--set", "username=alice")
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    modules = loaded(tmp_path, *words, "--set", 'password={keyring="mail"}', status=4, **backend)
    assert weights(modules) == {"keyring"}


def test_an_international_name_loads_its_tables_alone(tmp_path: Path) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", "port=1")
    modules = loaded(tmp_path, *words, "--set", "server_name=bücher.example", status=6)
    assert weights(modules) == {"idna"}


@pytest.mark.parametrize("words", [("explain", "host"), ("--help",), ("explain",)])
def test_what_only_explains_loads_no_dialogue(tmp_path: Path, words: tuple[str, ...]) -> None:
    modules = loaded(tmp_path, *words, status=0)
    assert weights(modules) == set()
    assert modules & {"asyncio", "ssl", "smtp_tui.smtp.session"} == set()


def test_a_plain_file_loads_no_words_of_other_applications(tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text('[app]\nname = "x"\n[smtp]\nhost = "127.0.0.1"\nport = 1\n')
    modules = loaded(tmp_path, "check", str(file), status=6)
    parts = ("dialect", "dialect_reading", "theirs", "understanding", "translating", "compound")
    assert modules & {f"smtp_tui.config.{part}" for part in parts} == set()


def test_a_check_in_another_applications_words_loads_nothing_to_write_them(tmp_path: Path) -> None:
    file = tmp_path / "lldap_config.toml"
    file.write_text('[smtp_options]\nserver = "127.0.0.1"\nport = 1\n')
    modules = loaded(tmp_path, "check", str(file), status=6)
    assert weights(modules) == set()
    assert "smtp_tui.config.dialects.decode" in modules
    parts = ("speaking", "settling", "grouping", "editing", "spelling")
    assert modules & {f"smtp_tui.config.{part}" for part in parts} == set()


def test_get_loads_no_dialogue(tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    file.write_text('[smtp]\nhost = "a.example"\nport = 1\n')
    modules = loaded(tmp_path, "get", str(file), "host", status=0)
    assert weights(modules) == set()
    assert "asyncio" not in modules


@pytest.mark.parametrize(
    ("words", "status"), [((), 6), (("--format", "nagios"), 2), (("--format", "prometheus"), 6)]
)
def test_monitoring_loads_little_and_only_where_it_is_wanted(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    call = ("check", "--set", "host=127.0.0.1", "--set", "port=1", *words)
    modules = loaded(tmp_path, *call, status=status)
    assert weights(modules) == set()
    assert "smtp_tui.cli.watch" not in modules
    assert "smtp_tui.cli.systemd" not in modules
    for name in ("cli.monitoring", "checks.monitoring", "checks.jsonlines"):
        assert (f"smtp_tui.{name}" in modules) is bool(words)


@pytest.mark.parametrize("word", ["check", "--dialect", "--table", "--set", "presets", "export"])
def test_an_answer_to_a_shell_loads_neither_dialogue_nor_keyring(tmp_path: Path, word: str) -> None:
    modules = loaded(tmp_path, "__complete", "bash", "2", word, "", status=0)
    assert weights(modules) == set()
    assert modules & {"asyncio", "ssl", "socket", "subprocess", "smtp_tui.smtp.session"} == set()


def test_completion_loads_no_dialogue(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "completion", "bash", status=0)
    assert weights(modules) == set()
    assert modules & {"asyncio", "ssl", "smtp_tui.smtp.session"} == set()


BEGINS_EARLY = """
import sys
from smtp_tui.program import main
from smtp_tui.smtp import addresses

def begin(self, settings):
    sys.exit("asyncio" if "asyncio" in sys.modules else 0)

addresses.EarlyConnection.__init__ = begin
main(["check", "--set", "host=127.0.0.1", "--set", "port=1"])
sys.exit("no connection was begun")
"""


def test_a_connection_is_begun_before_asyncio_is_loaded() -> None:
    ended = subprocess.run([sys.executable, "-c", BEGINS_EARLY], check=False, timeout=60)
    assert ended.returncode == 0
