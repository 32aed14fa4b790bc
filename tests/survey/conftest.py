"""Variables that no other program on the machine has, and podman."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.places.spaces import Podman, make_podman
from tests.survey.running_settings import VARIABLES


@pytest.fixture
def held() -> dict[str, str]:
    """The variables of a test's own application; the same tests may run next to this one."""
    name = uuid4().hex
    return {
        **VARIABLES,
        "SMTP_USERNAME": f"{name}@example.org",
        "MAILER_SENDER_EMAIL": f"app-{name}@example.org",
    }


@pytest.fixture(scope="session")
def podman_store(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    """Podman with a store for all tests of this worker."""
    return make_podman(tmp_path_factory.mktemp("podman"))


@pytest.fixture
def podman(podman_store: Podman, monkeypatch: pytest.MonkeyPatch) -> Podman:
    """Podman, which the program under test finds too."""
    for name, value in podman_store.environment.items():
        monkeypatch.setenv(name, value)
    return podman_store
