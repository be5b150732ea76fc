-- The chain over the events (fixtrail.store.chain). NULL in traces of before: they have none.
ALTER TABLE event ADD COLUMN link BLOB;
