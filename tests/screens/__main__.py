"""Draw the form's pictures, or check that those there are what it looks like now.

Run as `python -m tests.screens FOLDER`, with `--check` to write nothing and to name what differs,
or with `--all` to draw every state in three sizes, for a look at them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.screens.drawing import all_pictures, pictures_of
from tests.screens.relay import running_relay


def main(words: list[str]) -> int:
    """Write or compare every picture; status 1 where one is not what it should be."""
    folder, checks = Path(words[0]), "--check" in words
    with running_relay() as relay:
        fresh = dict(all_pictures(relay) if "--all" in words else pictures_of(relay))
    present = {file.name: file for file in folder.glob("*.svg")}
    if checks:
        stale = [name for name in sorted({*fresh, *present}) if _is_stale(name, fresh, present)]
        for name in stale:
            sys.stdout.write(f"{folder / name} is not what the form looks like: make screenshots\n")
        return 1 if stale else 0
    folder.mkdir(exist_ok=True)
    for name, picture in fresh.items():
        (folder / name).write_text(picture, encoding="utf-8")
    for name in present.keys() - fresh.keys():
        present[name].unlink()
    return 0


def _is_stale(name: str, fresh: dict[str, str], present: dict[str, Path]) -> bool:
    return name not in present or present[name].read_text("utf-8") != fresh.get(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
