"""From a domain, or a provider's name, to settings in the form."""
