"""Find where an application runs, and read what it sees there."""
