-- What the server knows about signing in.  Read once by the first migration and frozen with it: a later
-- change is a new migration.  Secrets are kept as hashes only, and none of these tables ever travels.

CREATE TABLE credential (
  user_id TEXT PRIMARY KEY NOT NULL,
  login TEXT NOT NULL UNIQUE COLLATE NOCASE,
  password_hash TEXT NOT NULL
) STRICT;

-- One row a device that is signed in.
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_name TEXT NOT NULL,
  started_by TEXT NOT NULL CHECK (started_by IN ('password', 'code', 'invite', 'setup')),
  created_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX session_user_id ON session (user_id, last_seen_ms);

CREATE TABLE sign_in_code (
  code_hash TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  made_by TEXT,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_code_user_id ON sign_in_code (user_id);

CREATE TABLE invite (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  made_by TEXT,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX invite_user_id ON invite (user_id);

-- How often something was tried in vain lately; key is a hash of the login or of the address.
CREATE TABLE sign_in_attempt (
  kind TEXT NOT NULL CHECK (kind IN ('password_account', 'password_address', 'code_address')),
  key TEXT NOT NULL,
  failures INTEGER NOT NULL,
  last_failed_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX sign_in_attempt_last_failed_ms ON sign_in_attempt (last_failed_ms);

-- The link that makes the first administrator; at most one row.
CREATE TABLE setup_link (
  token_hash TEXT PRIMARY KEY NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
