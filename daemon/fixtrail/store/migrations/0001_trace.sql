-- One trace: its header, its events in order, and how far each sender's stream has come.
CREATE TABLE trace (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  trace_id  TEXT NOT NULL,
  state     TEXT NOT NULL,
  workspace TEXT NOT NULL,
  header    TEXT NOT NULL             -- JSON, fixtrail_protocol.trace.TraceHeader
) STRICT;

CREATE TABLE event (
  seq        INTEGER PRIMARY KEY,     -- the order of the trace; no holes but for deleted events
  event_id   TEXT NOT NULL UNIQUE,
  event_type TEXT NOT NULL,
  timestamp  TEXT NOT NULL,
  actor      TEXT NOT NULL,
  data       TEXT NOT NULL,           -- JSON
  redactions TEXT                     -- JSON, or NULL where nothing was replaced
) STRICT;

CREATE INDEX event_gap ON event (seq) WHERE event_type = 'capture_gap';

CREATE TABLE stream (
  name     TEXT PRIMARY KEY,
  last_seq INTEGER NOT NULL           -- the sender's own number of the last event that is in `event`
) STRICT, WITHOUT ROWID;
