"""One check from settings to verdict, and the forms its outcome is told in."""
