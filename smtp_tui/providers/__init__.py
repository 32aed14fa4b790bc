"""What is known of mail providers: data with its sources, nothing that acts."""
