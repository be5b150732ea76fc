"""A trace for people to read: one HTML file, or the terminal."""
