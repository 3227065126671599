-- Operations that wait for a row which a restored server does not have yet; devices that say farewell.

-- One line a group, applied in order of n once the row missing_id is there.
-- reason: why it was refused then; it stays to be seen.
CREATE TABLE waiting (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  skew_ms INTEGER NOT NULL,
  missing_id TEXT NOT NULL,
  ops TEXT NOT NULL,
  kept_at_ms INTEGER NOT NULL,
  reason TEXT
) STRICT;
CREATE INDEX waiting_missing_id ON waiting (missing_id);
CREATE INDEX waiting_user_id ON waiting (user_id);

-- The rows that a waiting group makes or changes: what names one of them waits behind it.
CREATE TABLE waiting_row (
  row_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (row_id, n)
) STRICT, WITHOUT ROWID;

-- Of a change that is here for the second time, after a restore: a sequence number of the earlier life
-- from which on its row's readers knew of it.
ALTER TABLE history ADD COLUMN old_life_seq INTEGER;

-- Until when somebody whose access was lowered to reading could write.
ALTER TABLE membership ADD COLUMN written_until_seq INTEGER;
ALTER TABLE membership ADD COLUMN written_until_at_ms INTEGER;

CREATE INDEX moved_row_id ON moved (row_id);
CREATE INDEX account_member_account_id ON account_member (account_id);
