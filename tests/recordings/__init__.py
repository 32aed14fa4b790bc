"""Recordings of checks, which every version must show and diagnose as they were recorded.

`python -m tests.recordings` makes them again; `python -m tests.recordings --add FILE NAME` takes
one of somebody else's.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
FILES = tuple(sorted(FOLDER.glob("*.jsonl")))
