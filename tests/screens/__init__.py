"""What the form looks like: pictures, a film and texts, drawn from the real program."""
