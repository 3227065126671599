-- Devices that are to be emptied from afar.  Frozen with its release: a later change is a new migration.
-- None of these tables ever travels.

-- What a device said of itself when it last synced: the model that it runs, and what waits there.
ALTER TABLE session ADD COLUMN schema TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN unsent INTEGER;

-- Sessions that ended and whose device may still hold rows: by its cookie it is known again, however late it comes.
CREATE TABLE past_session (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_name TEXT NOT NULL,
  started_by TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  schema TEXT NOT NULL,
  unsent INTEGER
) STRICT;
CREATE INDEX past_session_device_id ON past_session (device_id);
CREATE INDEX past_session_last_seen_ms ON past_session (last_seen_ms);
CREATE TRIGGER session_past AFTER DELETE ON session BEGIN
  INSERT OR REPLACE INTO past_session
    (token_hash, user_id, device_id, device_name, started_by, created_at_ms, last_seen_ms, schema, unsent)
  VALUES (OLD.token_hash, OLD.user_id, OLD.device_id, OLD.device_name, OLD.started_by, OLD.created_at_ms,
    OLD.last_seen_ms, OLD.schema, OLD.unsent);
END;

-- One row a device that is to be emptied, or was.  is_trusted: it may first bring what was typed there.
-- word: with it the device tells that it is done, when it has no session any more.
CREATE TABLE device_wipe (
  device_id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  is_trusted INTEGER NOT NULL,
  word TEXT NOT NULL UNIQUE,
  ordered_at_ms INTEGER NOT NULL,
  ordered_by TEXT NOT NULL,
  told_at_ms INTEGER,
  done_at_ms INTEGER
) STRICT;

-- The cookies of such a device, as hashes.
CREATE TABLE device_wipe_token (
  token_hash TEXT PRIMARY KEY NOT NULL,
  device_id TEXT NOT NULL REFERENCES device_wipe (device_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What an emptied device still held and the server had refused: for whoever typed it, as a file.
CREATE TABLE device_left (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  operations TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX device_left_user_id ON device_left (user_id, at_ms);
