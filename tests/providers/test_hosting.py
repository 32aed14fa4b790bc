"""The hosting provider of the machine: recognised by DMI, with a rule that names its source."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from smtp_tui.providers import ProviderEntryKind
from smtp_tui.providers.hosting import (
    SIGNS,
    HostingProvider,
    hosting_provider,
    hosting_providers,
)
from tests.diagnosis.test_language import AVOIDED, LONGEST
from tests.table import table

AZURE = "7783-7084-3265-9085-8269-3286-77"
MACHINES = {
    "hetzner": {"sys_vendor": "Hetzner", "product_name": "vServer"},
    "digitalocean": {"sys_vendor": "DigitalOcean", "product_name": "Droplet"},
    "google": {"sys_vendor": "Google", "product_name": "Google Compute Engine"},
    "amazon": {"sys_vendor": "Amazon EC2", "product_name": "t3.micro"},
    "azure": {"sys_vendor": "Microsoft Corporation", "chassis_asset_tag": AZURE},
    "vultr": {"sys_vendor": "Vultr"},
    "scaleway": {"sys_vendor": "Scaleway", "product_name": "SCW-DEV1-S"},
    "oracle": {"sys_vendor": "QEMU", "chassis_asset_tag": "OracleCloud.com"},
    "linode": {"sys_vendor": "Akamai"},
}


def tree(folder: Path, machine: Mapping[str, str]) -> Path:
    """A folder like /sys/class/dmi/id."""
    for name, text in machine.items():
        (folder / name).write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize("identity", MACHINES)
def test_machines(tmp_path: Path, identity: str) -> None:
    found = hosting_provider(tree(tmp_path, MACHINES[identity]))
    assert found is not None
    assert found.id == identity
    assert 25 in found.ports


@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"sys_vendor": "Dell Inc.", "product_name": "PowerEdge R640"},
        {"sys_vendor": "Hetzner Online"},
        {"sys_vendor": "Microsoft Corporation", "product_name": "Virtual Machine"},  # Hyper-V
        {"sys_vendor": "OpenStack Foundation", "product_name": "OpenStack Nova"},
        {"product_name": "Hetzner"},
    ],
)
def test_other_machines(tmp_path: Path, machine: Mapping[str, str]) -> None:
    assert hosting_provider(tree(tmp_path, machine)) is None


def test_a_tree_that_cannot_be_read(tmp_path: Path) -> None:
    assert hosting_provider(tmp_path / "absent") is None
    (tmp_path / "sys_vendor").mkdir()
    os.mkfifo(tmp_path / "product_name")
    (tmp_path / "bios_vendor").write_bytes(b"\xff\xfe")
    (tmp_path / "board_vendor").write_text("Amazon EC2" * 100_000)
    (tmp_path / "chassis_asset_tag").symlink_to("/dev/zero")
    assert hosting_provider(tmp_path) is None


@table("provider", hosting_providers(), ids=lambda provider: provider.id)
def test_entries(provider: HostingProvider) -> None:
    assert provider.provenance.kind is ProviderEntryKind.EGRESS
    assert provider.provenance.taken == provider.taken
    assert all(source.startswith("https://") for source in provider.sources)
    assert all(set(signs) <= set(SIGNS) and all(signs.values()) for signs in provider.signs)
    assert list(provider.ports) == sorted(provider.ports)
    assert (provider.rule is None) == (not provider.ports)
    texts = [provider.rule or "", *re.split(r"(?<=[.:])\s", provider.request or "")]
    assert all(len(text.split()) <= LONGEST for text in texts)
    assert not [words for words in AVOIDED for text in texts if re.search(words, text)]
    assert provider.request is None or provider.request.endswith(".")
    assert provider.rule is None or not provider.rule.endswith(".")


def test_the_providers_are_known_once() -> None:
    names = [provider.id for provider in hosting_providers()]
    assert sorted(names) == sorted({*MACHINES, "ovh"})
