"""The test pane: progress, log and verdict of the current or last check."""
