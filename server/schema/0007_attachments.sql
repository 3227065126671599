-- Files: their bytes lie in the firm's folder under their SHA-256 (server/attachments/).
CREATE TABLE stored_file (
  hash TEXT PRIMARY KEY NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  stored_at_ms INTEGER NOT NULL,
  -- Since when no row names it; NULL while one does.
  unnamed_since_ms INTEGER
);
-- Who has shown the bytes: to name a hash proves nothing, and gives nobody a file.
CREATE TABLE file_holder (
  hash TEXT NOT NULL,
  user_id TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (hash, user_id)
) WITHOUT ROWID;
CREATE INDEX file_holder_user ON file_holder (user_id, at_ms);
-- Files that are on their way to the server; how much of one has come is said by what lies on the disk, and nothing else.
CREATE TABLE upload (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
);
CREATE INDEX upload_user ON upload (user_id, hash);
