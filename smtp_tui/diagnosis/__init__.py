"""Why a check failed and what to change: pure; settings and events in, a verdict out."""
