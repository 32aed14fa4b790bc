"""Finding the right settings: what DNS and the providers say, and what answers a probe."""
