-- What the status page plots.  Frozen with its release: a later change is a new migration.

-- Counts, and greatest values, of an hour (UTC) or of a day of the firm that began at began_ms; nothing of any person.
CREATE TABLE watched (
  span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
  began_ms INTEGER NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (span, began_ms, name)
) STRICT, WITHOUT ROWID;
