"""A report of checks for a ticket."""
