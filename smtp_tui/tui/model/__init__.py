"""The state behind the form's widgets, without Textual."""
