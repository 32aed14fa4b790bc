"""The test message: written, sent, and what became of it."""
