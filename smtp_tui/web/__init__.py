"""Fetch from web servers over HTTPS, for discovery and sign-ins."""
