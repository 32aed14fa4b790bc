"""The log of the SMTP dialogue: its lines, their search, and the widget that shows them."""
