"""The team's end of an upload: the REST API that takes traces in, on SQLite. Needs the extra ``collector``."""
