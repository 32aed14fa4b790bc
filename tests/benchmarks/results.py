"""What a benchmark found, held against its bound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A ratio with the figures it comes from, and its bound."""

    what: str
    figures: str
    ratio: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the bound is held."""
        low, high = self.at_least, self.at_most
        return (low is None or self.ratio >= low) and (high is None or self.ratio <= high)

    def __str__(self) -> str:
        """The result in one line."""
        bound = ""
        if self.at_most is not None:
            bound = f" (at most {self.at_most:g})"
        elif self.at_least is not None:
            bound = f" (at least {self.at_least:g})"
        verdict = "" if self.ok else "  NOT HELD"
        return f"{self.what}: {self.figures}, ratio {self.ratio:.2f}{bound}{verdict}"
