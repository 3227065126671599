-- What people are to be reminded of, and when.

-- One person, one thing: the key names it on every host. user_id: '' is the server itself, of steps that become late.
-- planned_ms: as the row says; at_ms: when it comes, later where its person put it off; until_ms: of no use after that.
CREATE TABLE reminder (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  entity TEXT NOT NULL,
  row_id TEXT NOT NULL,
  planned_ms INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  sent_at_ms INTEGER,
  missed_at_ms INTEGER,
  UNIQUE (user_id, key)
) STRICT;
CREATE INDEX reminder_due ON reminder (at_ms) WHERE sent_at_ms IS NULL AND missed_at_ms IS NULL;
CREATE INDEX reminder_over ON reminder (at_ms) WHERE sent_at_ms IS NOT NULL OR missed_at_ms IS NOT NULL;
CREATE INDEX reminder_row ON reminder (row_id, entity);
