"""The JSON objects of a check, each key declared once: how it is written, and its schema."""
