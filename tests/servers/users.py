"""The accounts that the servers know."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """A name and a password that log in."""

    name: str
    password: str = field(repr=False)


ALICE = User("alice@example.test", "wonderland")
# What has a meaning in some file, shell or template language, and what is not ASCII.
AWKWARD = User("bob@example.test", """c:o'l"o`n $HOME %u%% \\n #{}; grün €""")

USERS = (ALICE, AWKWARD)
# Has a mailbox without room.
FULL = User("full@example.test", "no room")
