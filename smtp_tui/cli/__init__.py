"""The headless front end: commands for scripts, monitoring and pipes."""
