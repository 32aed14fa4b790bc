"""The test pane: stages, log and verdict of the check that runs or ran last."""
