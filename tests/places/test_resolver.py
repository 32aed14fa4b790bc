"""What of a place's resolver files the agent follows, and what is shown of them."""

from __future__ import annotations

from typing import cast

from smtp_tui.places.files import PlaceFiles
from smtp_tui.places.resolver import ResolverFiles, resolver_files
from tests.table import table


class StandInFiles:
    """The files of a place, without a place."""

    def __init__(self, **texts: str) -> None:
        self.texts = {f"/etc/{name.replace('_', '.')}": text for name, text in texts.items()}

    def read_all(self, paths: tuple[str, ...], most: int) -> dict[str, bytes | OSError]:
        assert most > 0
        missing = FileNotFoundError(2, "No such file")
        return {
            path: self.texts[path].encode() if path in self.texts else missing for path in paths
        }


def read(*, is_musl: bool = False, **texts: str) -> ResolverFiles:
    return resolver_files(cast(PlaceFiles, StandInFiles(**texts)), is_musl=is_musl)


@table(
    ("line", "kept", "left_out"),
    [
        ("hosts: files dns", "files dns", ()),
        ("hosts: dns files", "dns files", ()),
        ("hosts:files", "files", ()),
        ("hosts: db files", "files", ("db",)),
        (
            "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns",
            "files dns",
            ("mymachines", "resolve", "myhostname"),
        ),
        (
            "hosts: files mdns4_minimal [NOTFOUND=return] dns [!UNAVAIL=return] # files",
            "files dns [!UNAVAIL=return]",
            ("mdns4_minimal",),
        ),
        ("hosts: ldap", "files dns", ("ldap",)),
        ("hosts:", "files dns", ()),
        ("passwd: files ldap", "files dns", ()),
    ],
)
def test_sources_of_names(line: str, kept: str, left_out: tuple[str, ...]) -> None:
    found = read(nsswitch_conf=f"# nsswitch\npasswd: files\n{line}\n")
    assert found.files["nsswitch.conf"] == f"hosts: {kept}\n"
    assert found.left_out == left_out


def test_musl_reads_no_nsswitch() -> None:
    found = read(is_musl=True, nsswitch_conf="hosts: resolve\n")
    assert (found.files, found.left_out) == ({"nsswitch.conf": "hosts: files dns\n"}, ())


def test_what_is_shown_is_what_libc_reads() -> None:
    found = read(
        resolv_conf="; comment\ndomain old.test\nsearch one.test two.test\nnameserver\n"
        "nameserver 192.0.2.1\nnameserver 192.0.2.2 # two\noptions ndots:2\n options timeout:1\n"
    )
    assert found.nameservers == ("192.0.2.1", "192.0.2.2")
    assert found.search == ("one.test", "two.test")
    assert found.options == ("ndots:2", "timeout:1")


def test_a_flood_is_not_shown() -> None:
    flood = "".join(f"nameserver 192.0.2.{number % 250}\n" for number in range(10_000))
    found = read(resolv_conf=f"{flood}search {'x' * 100_000}")
    assert found.nameservers == ("192.0.2.0", "192.0.2.1", "192.0.2.2")
    assert found.search == ()
    assert read(resolv_conf="search " + "x" * 100_000).search == ("x" * (4096 - 7),)
