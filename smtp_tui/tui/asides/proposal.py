"""Where a text could be saved."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from smtp_tui.config.paths import absolute


def proposed_path(settings: Path, moment: datetime, suffix: str = ".md") -> Path:
    """Return a good name: beside the settings, or where we are if we may not write there."""
    name = f"{settings.stem}-check-{moment:%Y%m%d-%H%M%S}{suffix}"
    folder = settings.parent
    return folder / name if os.access(folder, os.W_OK | os.X_OK) else absolute(Path(name))
