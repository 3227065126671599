-- Passkeys, one-time passwords, and the audit log.  Frozen with its release: a later change is a new migration.
-- None of these tables ever travels.

-- Who did what of administration and of signing in, for ever.  Each row's hash covers the row and the hash before it
-- (server/audit).  No names and no secrets: who an id stands for is in the table user.
CREATE TABLE audit (
  n INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  user_id TEXT NOT NULL,    -- '' for the server's own command line
  device_id TEXT NOT NULL,  -- '' where no device of a person did it
  action TEXT NOT NULL,
  subject TEXT NOT NULL,    -- entity/ID, or what else it was done to
  detail TEXT NOT NULL,     -- a JSON object
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_user_id ON audit (user_id, n);
CREATE INDEX audit_subject ON audit (subject, n);
CREATE INDEX audit_action ON audit (action, n);
CREATE INDEX audit_at_ms ON audit (at_ms);
-- INSERT OR REPLACE deletes without asking the trigger for it: only the next number is taken.
CREATE TRIGGER audit_next BEFORE INSERT ON audit WHEN NEW.n <> (SELECT coalesce(max(n), 0) + 1 FROM audit) BEGIN
  SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log only grows');
END;

-- How many refused sign-ins of the present hour are in the log, and how many more there were: a single row.
CREATE TABLE audit_failures (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  hour INTEGER NOT NULL,
  noted INTEGER NOT NULL,
  more INTEGER NOT NULL
) STRICT;

-- A new way to start a session, and when whoever holds it last proved who they are.  Sessions from before prove anew.
CREATE TABLE session_new (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_name TEXT NOT NULL,
  started_by TEXT NOT NULL CHECK (started_by IN ('password', 'code', 'invite', 'setup', 'passkey')),
  created_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  proven_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO session_new
  (token_hash, user_id, device_id, device_name, started_by, created_at_ms, last_seen_ms, expires_at_ms)
  SELECT token_hash, user_id, device_id, device_name, started_by, created_at_ms, last_seen_ms, expires_at_ms
  FROM session;
DROP TABLE session;
ALTER TABLE session_new RENAME TO session;
CREATE INDEX session_user_id ON session (user_id, last_seen_ms);
-- Whoever signs out, or is signed out, on a device is told nothing more there (went with the table).
CREATE TRIGGER push_session_gone AFTER DELETE ON session BEGIN
  DELETE FROM push_subscription WHERE device_id = OLD.device_id AND user_id = OLD.user_id;
END;

-- The kinds are those of RULES in server/sign_in/throttle.py, which refuses any other.
CREATE TABLE sign_in_attempt_new (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  failures INTEGER NOT NULL,
  last_failed_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT;
INSERT INTO sign_in_attempt_new (kind, key, failures, last_failed_ms)
  SELECT kind, key, failures, last_failed_ms FROM sign_in_attempt;
DROP TABLE sign_in_attempt;
ALTER TABLE sign_in_attempt_new RENAME TO sign_in_attempt;
CREATE INDEX sign_in_attempt_last_failed_ms ON sign_in_attempt (last_failed_ms);

-- id: the authenticator's own name of the key, base64url. sign_count: 0 for ever where a key is on several devices.
CREATE TABLE passkey (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  public_key BLOB NOT NULL,
  sign_count INTEGER NOT NULL,
  is_synced INTEGER NOT NULL,
  transports TEXT NOT NULL DEFAULT '[]',
  name TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_ms INTEGER
) STRICT;
CREATE INDEX passkey_user_id ON passkey (user_id, created_at_ms);

-- secret: encrypted with a key that lies outside this file (server/sign_in/sealing.py). last_step: the newest time
-- step whose password was used, so that none is used twice.
CREATE TABLE totp (
  user_id TEXT PRIMARY KEY NOT NULL,
  secret BLOB NOT NULL,
  last_step INTEGER NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT;
-- One that is being set up and was not proven yet.
CREATE TABLE totp_new (
  user_id TEXT PRIMARY KEY NOT NULL,
  secret BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;

-- selector: the first letters of a recovery code, by which its argon2id hash is found.
CREATE TABLE recovery_code (
  user_id TEXT NOT NULL,
  selector TEXT NOT NULL,
  code_hash TEXT NOT NULL,
  PRIMARY KEY (user_id, selector)
) STRICT;

-- The roles whose people sign in with two factors.
CREATE TABLE second_factor_role (
  role_id TEXT PRIMARY KEY NOT NULL
) STRICT;

-- Who has given a password or a code, and not the second factor yet. It opens nothing else.
CREATE TABLE sign_in_step (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  started_by TEXT NOT NULL,
  is_proven INTEGER NOT NULL,
  next_path TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_step_user_id ON sign_in_step (user_id);
