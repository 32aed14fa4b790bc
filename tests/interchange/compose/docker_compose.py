"""docker compose itself, as the judge of what is read and written for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

# Debian's package puts it where the docker command finds it; it needs neither docker nor a daemon.
_PLACES = "/usr/libexec/docker/cli-plugins:/usr/local/lib/docker/cli-plugins"


def need_docker_compose() -> str:
    """Where docker compose is; the test is skipped where it is not installed."""
    path = f"{os.environ.get('SMTP_TUI_DOCKER_COMPOSE', '')}:{_PLACES}:{os.environ.get('PATH', '')}"
    found = shutil.which("docker-compose", path=path)
    if found is None:
        pytest.skip("docker compose is not installed")
    return found


def environments(file: Path, **shell: str) -> dict[str, dict[str, str | None]] | None:
    """What docker compose gives each service, or None if it rejects the file."""
    done = subprocess.run(
        [need_docker_compose(), "--profile", "*", "-f", str(file), "config", "--format", "json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin", "HOME": "/nonexistent", **shell},
    )
    if done.returncode:
        return None
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    # What it prints is a compose file again, with its dollar signs doubled.
    return {
        name: {
            variable: value if value is None else value.replace("$$", "$")
            for variable, value in (service.get("environment") or {}).items()
        }
        for name, service in services.items()
    }
