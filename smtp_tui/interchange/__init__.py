"""Other programs' settings, in and out: pure, from text to our values and from those to text."""
