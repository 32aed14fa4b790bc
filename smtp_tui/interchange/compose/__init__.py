"""Read and edit the mail variables of the services in a compose file."""
