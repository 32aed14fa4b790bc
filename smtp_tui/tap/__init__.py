"""Pass an application's SMTP dialogue on, show it, and name what it does differently."""
