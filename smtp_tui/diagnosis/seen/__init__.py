"""Which sentences hold of what a test found: pure; the sentences stand in `findings.toml`."""
