"""Controllers: the actions of the form's commands."""
