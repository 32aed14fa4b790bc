"""Find the right settings from DNS, provider data and probes of ports."""
