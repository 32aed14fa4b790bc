"""Which sentences hold of each field's value: pure; the sentences stand in `meaning.toml`."""
