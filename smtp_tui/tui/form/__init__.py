"""The form: one row per field of the draft."""
