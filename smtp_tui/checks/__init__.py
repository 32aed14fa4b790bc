"""Run checks, singly or in batches, and report their results."""
