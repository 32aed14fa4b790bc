"""One file to copy to a machine without Internet: what builds it, and what starts it."""
