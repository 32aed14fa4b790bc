"""Checks as monitoring systems read them."""
