"""Known mail providers, as data with its sources."""
