"""The terminal front end: form, sidebar and log on one screen."""
