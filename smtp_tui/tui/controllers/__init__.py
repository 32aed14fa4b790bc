"""What the form's commands do."""
