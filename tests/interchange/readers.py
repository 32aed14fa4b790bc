"""The programs and libraries themselves, as the judges of what is written for them."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Values = dict[str, Any]

_RUBY = "require 'json'; require 'dotenv'; puts Dotenv::Parser.call(File.read(ARGV[0])).to_json"
_PHP = (
    "require '/usr/share/php/Dotenv/autoload.php';"
    "echo json_encode(Dotenv\\Dotenv::parse(file_get_contents($argv[1])), JSON_THROW_ON_ERROR);"
)
_SHELL = 'set -a; . "$1"; exec "$2" -c "import json, os; print(json.dumps(dict(os.environ)))"'


def run(*words: str, **more: Any) -> str:
    """Run a program that must succeed and return what it printed."""
    done = subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False, **more
    )
    assert done.returncode == 0, done.stderr
    told: str = done.stdout
    return told


def need(program: str) -> str:
    """Where a program is; the test is skipped where it is not installed."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def need_module(name: str) -> None:
    """Skip the test where a Python library is not installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"the Python library {name} is not installed")


def by_shell(file: Path) -> Values:
    """What bash makes of a file that it sources, as for systemd's quoting it must."""
    read: Values = json.loads(run(need("bash"), "-c", _SHELL, "-", str(file), sys.executable))
    return read


def by_systemd(file: Path) -> Values:
    """What systemd's own library reads, which is no public interface but the real reader."""
    found = sorted(Path("/usr/lib").glob("*/systemd/libsystemd-shared-*.so"))
    if not found:
        pytest.skip("systemd's shared library is not installed")
    load = ctypes.CDLL(str(found[-1])).load_env_file
    lines = ctypes.POINTER(ctypes.c_char_p)()
    assert load(None, str(file).encode(), ctypes.byref(lines)) >= 0
    read: Values = {}
    at = 0
    while (line := lines[at]) is not None:
        name, _, value = line.decode("utf-8").partition("=")
        read[name] = value
        at += 1
    return read


def by_ruby(file: Path) -> Values:
    """What Ruby's dotenv reads."""
    ruby = need("ruby")
    if subprocess.run(
        [ruby, "-e", "require 'dotenv'"], capture_output=True, check=False
    ).returncode:
        pytest.skip("Ruby's dotenv is not installed")
    read: Values = json.loads(run(ruby, "-Ku", "-e", _RUBY, str(file), env=utf_8()))
    return read


def by_python(file: Path) -> Values:
    """What python-dotenv reads."""
    need_module("dotenv")
    from dotenv import dotenv_values

    return dict(dotenv_values(file, encoding="utf-8"))


def by_php(file: Path) -> Values:
    """What phpdotenv reads."""
    php = need("php")
    if not Path("/usr/share/php/Dotenv/autoload.php").exists():
        pytest.skip("phpdotenv is not installed")
    read: Values = json.loads(run(php, "-r", _PHP, "--", str(file)))
    return read or {}


def by_node(file: Path) -> Values:
    """What Node itself reads, as with --env-file; its dotenv library reads what we write alike."""
    return by_node_each([file])[0]


def by_node_each(files: Sequence[Path]) -> list[Values]:
    """What Node reads in each file, asked once: to start it takes a tenth of a second."""
    script = """const {readFileSync} = require('fs'), {parseEnv} = require('util')
        const read = file => parseEnv(readFileSync(file, 'utf8'))
        console.log(JSON.stringify(process.argv.slice(1).map(read)))"""
    read: list[Values] = json.loads(run(need("node"), "-e", script, *map(str, files)))
    return read


def utf_8() -> dict[str, str]:
    """An environment without the tests' own variables, in UTF-8."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


ENV_READERS: tuple[tuple[str, Callable[[Path], Values]], ...] = (
    ("systemd", by_shell),
    ("systemd", by_systemd),
    ("ruby", by_ruby),
    ("python", by_python),
    ("laravel", by_php),
    ("node", by_node),
)
