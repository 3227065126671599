-- Who is told of what, by which way.

-- One person, one thing: the key is the thing's. state: 'waiting', then 'spread' into deliveries, or 'late'.
-- sample: an English text of the catalogue (sample_many: of several), put into words when it is sent.
CREATE TABLE notice (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  sample TEXT NOT NULL,
  sample_many TEXT,
  given TEXT NOT NULL,
  address TEXT NOT NULL,
  approval TEXT,
  urgency TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  made_at_ms INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  until_ms INTEGER,
  UNIQUE (key, user_id)
) STRICT;
CREATE INDEX notice_waiting ON notice (at_ms) WHERE state = 'waiting';
CREATE INDEX notice_address ON notice (address, user_id);
CREATE INDEX notice_made ON notice (made_at_ms);

-- One notice by one way to one place. target: of a push its subscription's id, of a robot the group's id, else ''.
-- state: 'waiting', 'sending', 'sent', 'failed' (reason says why), 'withdrawn'.
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  notice_id INTEGER NOT NULL REFERENCES notice (id) ON DELETE CASCADE,
  way TEXT NOT NULL,
  target TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'waiting',
  tries INTEGER NOT NULL DEFAULT 0,
  next_at_ms INTEGER NOT NULL,
  done_at_ms INTEGER,
  reason TEXT,
  UNIQUE (notice_id, way, target)
) STRICT;
CREATE INDEX delivery_due ON delivery (next_at_ms) WHERE state = 'waiting';
CREATE INDEX delivery_failed ON delivery (done_at_ms) WHERE state = 'failed';

-- Where a browser can be pushed to. language: of the device, for whoever chose none.
CREATE TABLE push_subscription (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  endpoint TEXT NOT NULL UNIQUE,
  p256dh TEXT NOT NULL,
  auth TEXT NOT NULL,
  language TEXT,
  made_at_ms INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX push_subscription_user ON push_subscription (user_id);
CREATE INDEX push_subscription_device ON push_subscription (device_id);
-- Whoever signs out, or is signed out, on a device is told nothing more there.
CREATE TRIGGER push_session_gone AFTER DELETE ON session BEGIN
  DELETE FROM push_subscription WHERE device_id = OLD.device_id AND user_id = OLD.user_id;
END;

-- A robot that tells a group of what its people are told of. kinds: JSON list; department_id: of those in it and below.
CREATE TABLE group_robot (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL DEFAULT '',
  kinds TEXT NOT NULL DEFAULT '[]',
  department_id TEXT,
  language TEXT NOT NULL DEFAULT 'zh-Hans',
  is_active INTEGER NOT NULL DEFAULT 1,
  changed_at_ms INTEGER NOT NULL
) STRICT;
