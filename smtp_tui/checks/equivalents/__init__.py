"""The same as a check, with other programs."""
