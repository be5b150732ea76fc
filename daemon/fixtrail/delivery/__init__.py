"""Ways out for a finished trace: a file, a collector."""
