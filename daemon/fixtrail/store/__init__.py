"""Traces on disk: one SQLite file each, one writer, group commit. The only part that knows SQL."""
