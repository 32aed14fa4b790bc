"""Read and write TOML settings files, and fetch and store passwords."""
