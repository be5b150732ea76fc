-- Milliseconds since the machine booted, sleep included: the second clock, which nobody can set. NULL in events of before.
ALTER TABLE event ADD COLUMN clock INTEGER;
