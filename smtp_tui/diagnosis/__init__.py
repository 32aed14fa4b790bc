"""Diagnose checks: settings and events in, a verdict out, without network access."""
