-- What a collector keeps: traces by several developers, their events in order.
CREATE TABLE trace (
  id              INTEGER PRIMARY KEY,
  trace_id        TEXT NOT NULL UNIQUE,
  status          TEXT NOT NULL CHECK (status IN ('stored', 'finalized')),
  version         INTEGER NOT NULL DEFAULT 1,  -- goes up with every change
  received        TEXT NOT NULL,               -- when it first came in
  repo            TEXT NOT NULL,
  bug_id          TEXT,
  developer_id    TEXT NOT NULL,
  start_time      TEXT NOT NULL,
  end_time        TEXT,
  tests_passed    INTEGER,
  reasoning_score REAL,
  events          INTEGER NOT NULL DEFAULT 0,
  next_seq        INTEGER NOT NULL DEFAULT 1,
  header          TEXT NOT NULL                -- JSON: the document without its events
) STRICT;

CREATE INDEX trace_repo ON trace (repo, id);

CREATE TABLE event (
  trace    INTEGER NOT NULL REFERENCES trace (id),
  seq      INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  document TEXT NOT NULL,                      -- canonical JSON, see docs/collector.md
  UNIQUE (trace, seq),
  UNIQUE (trace, event_id)
) STRICT;
