"""What is carried into the container: read as text, never imported here."""
