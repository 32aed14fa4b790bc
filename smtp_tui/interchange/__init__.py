"""Import and export mail settings in other programs' formats."""
