-- Release 1. Frozen: a later change is a new migration.

CREATE TABLE department (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  parent_id TEXT,
  position INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX department_version ON department (version);

CREATE TABLE role (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  data_scope TEXT,
  is_admin INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX role_version ON role (version);

CREATE TABLE user (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  title TEXT,
  phones TEXT,
  emails TEXT,
  department_id TEXT,
  role_id TEXT,
  manager_id TEXT,
  is_active INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  search_key TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX user_version ON user (version);

CREATE TABLE preference (
  id TEXT PRIMARY KEY NOT NULL,
  language TEXT,
  timezone TEXT,
  theme TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX preference_version ON preference (version);

CREATE TABLE account (
  id TEXT PRIMARY KEY NOT NULL,
  kind TEXT,
  name TEXT,
  short_name TEXT,
  level TEXT,
  industry TEXT,
  source TEXT,
  region TEXT,
  phones TEXT,
  emails TEXT,
  website TEXT,
  address TEXT,
  lat_e6 INTEGER,
  lng_e6 INTEGER,
  tags TEXT,
  employees INTEGER,
  founded_year INTEGER,
  annual_revenue_k INTEGER,
  parent_id TEXT,
  next_contact_on TEXT,
  note TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  search_key TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX account_name_search_key ON account (name, search_key);
CREATE INDEX account_owner_id ON account (owner_id);
CREATE INDEX account_parent_id ON account (parent_id);
CREATE INDEX account_next_contact_on ON account (next_contact_on);
CREATE INDEX account_version ON account (version);

CREATE TABLE account_member (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT,
  user_id TEXT,
  access TEXT,
  until_on TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX account_member_version ON account_member (version);

CREATE TABLE contact (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT,
  name TEXT,
  title TEXT,
  department TEXT,
  influence TEXT,
  phones TEXT,
  emails TEXT,
  wechat TEXT,
  address TEXT,
  birthday TEXT,
  tags TEXT,
  note TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  search_key TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX contact_name_search_key ON contact (name, search_key);
CREATE INDEX contact_account_id ON contact (account_id);
CREATE INDEX contact_owner_id ON contact (owner_id);
CREATE INDEX contact_version ON contact (version);

CREATE TABLE relation (
  id TEXT PRIMARY KEY NOT NULL,
  from_account_id TEXT,
  from_contact_id TEXT,
  to_account_id TEXT,
  to_contact_id TEXT,
  role TEXT,
  reverse_role TEXT,
  note TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX relation_from_account_id ON relation (from_account_id);
CREATE INDEX relation_from_contact_id ON relation (from_contact_id);
CREATE INDEX relation_to_account_id ON relation (to_account_id);
CREATE INDEX relation_to_contact_id ON relation (to_contact_id);
CREATE INDEX relation_version ON relation (version);

CREATE TABLE event (
  id TEXT PRIMARY KEY NOT NULL,
  title TEXT,
  kind TEXT,
  start_ms INTEGER,
  end_ms INTEGER,
  is_all_day INTEGER,
  place TEXT,
  note TEXT,
  account_id TEXT,
  contact_ids TEXT,
  attendee_ids TEXT,
  remind_minutes INTEGER,
  cancelled_at_ms INTEGER,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX event_start_ms ON event (start_ms);
CREATE INDEX event_end_ms ON event (end_ms);
CREATE INDEX event_account_id ON event (account_id);
CREATE INDEX event_owner_id ON event (owner_id);
CREATE INDEX event_version ON event (version);

CREATE TABLE activity (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT,
  contact_ids TEXT,
  event_id TEXT,
  kind TEXT,
  at_ms INTEGER,
  body TEXT,
  minutes INTEGER,
  checkin_at_ms INTEGER,
  checkin_lat_e6 INTEGER,
  checkin_lng_e6 INTEGER,
  checkin_accuracy_m INTEGER,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX activity_account_id_at_ms ON activity (account_id, at_ms);
CREATE INDEX activity_owner_id_at_ms ON activity (owner_id, at_ms);
CREATE INDEX activity_at_ms ON activity (at_ms);
CREATE INDEX activity_version ON activity (version);

CREATE TABLE task (
  id TEXT PRIMARY KEY NOT NULL,
  title TEXT,
  note TEXT,
  is_important INTEGER,
  is_urgent INTEGER,
  due_on TEXT,
  done_at_ms INTEGER,
  account_id TEXT,
  contact_id TEXT,
  assignee_id TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX task_account_id ON task (account_id);
CREATE INDEX task_assignee_id_done_at_ms_due_on ON task (assignee_id, done_at_ms, due_on);
CREATE INDEX task_version ON task (version);

CREATE TABLE sticky (
  id TEXT PRIMARY KEY NOT NULL,
  body TEXT,
  colour TEXT,
  account_id TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sticky_account_id ON sticky (account_id);
CREATE INDEX sticky_owner_id ON sticky (owner_id);
CREATE INDEX sticky_version ON sticky (version);

CREATE TABLE comment (
  id TEXT PRIMARY KEY NOT NULL,
  target_entity TEXT,
  target_id TEXT,
  account_id TEXT,
  body TEXT,
  mention_ids TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX comment_target_id ON comment (target_id);
CREATE INDEX comment_account_id ON comment (account_id);
CREATE INDEX comment_created_at_ms ON comment (created_at_ms);
CREATE INDEX comment_version ON comment (version);

CREATE TABLE saved_view (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  query TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX saved_view_version ON saved_view (version);

CREATE TABLE busy (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT,
  event_id TEXT,
  start_ms INTEGER,
  end_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX busy_user_id_start_ms ON busy (user_id, start_ms);
CREATE INDEX busy_event_id ON busy (event_id);
CREATE INDEX busy_version ON busy (version);

CREATE TABLE conflict (
  id TEXT PRIMARY KEY NOT NULL,
  target_entity TEXT,
  target_id TEXT,
  account_id TEXT,
  kind TEXT,
  unit TEXT,
  kept TEXT,
  kept_by TEXT,
  kept_at_ms INTEGER,
  kept_device TEXT,
  lost TEXT,
  lost_by TEXT,
  lost_at_ms INTEGER,
  lost_device TEXT,
  base TEXT,
  settled_at_ms INTEGER,
  settled_by TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conflict_target_id ON conflict (target_id);
CREATE INDEX conflict_account_id ON conflict (account_id);
CREATE INDEX conflict_settled_at_ms ON conflict (settled_at_ms);
CREATE INDEX conflict_version ON conflict (version);

CREATE TABLE account_stat (
  account_id TEXT PRIMARY KEY NOT NULL,
  last_contact_at_ms INTEGER
) STRICT;
CREATE INDEX account_stat_last_contact_at_ms ON account_stat (last_contact_at_ms);
CREATE TRIGGER activity_counts_on_insert AFTER INSERT ON activity WHEN NEW.account_id IS NOT NULL AND NEW.kind <> 'note' BEGIN
  INSERT INTO account_stat (account_id, last_contact_at_ms) VALUES (NEW.account_id, NEW.at_ms)
    ON CONFLICT (account_id) DO UPDATE
    SET last_contact_at_ms = max(coalesce(last_contact_at_ms, 0), excluded.last_contact_at_ms);
END;
CREATE TRIGGER activity_counts_on_update AFTER UPDATE ON activity BEGIN
  INSERT INTO account_stat (account_id, last_contact_at_ms)
    SELECT OLD.account_id, max(at_ms) FROM activity WHERE account_id = OLD.account_id AND kind <> 'note' AND deleted = 0
    HAVING OLD.account_id IS NOT NULL
    ON CONFLICT (account_id) DO UPDATE SET last_contact_at_ms = excluded.last_contact_at_ms;
  INSERT INTO account_stat (account_id, last_contact_at_ms)
    SELECT NEW.account_id, max(at_ms) FROM activity WHERE account_id = NEW.account_id AND kind <> 'note' AND deleted = 0
    HAVING NEW.account_id IS NOT NULL
    ON CONFLICT (account_id) DO UPDATE SET last_contact_at_ms = excluded.last_contact_at_ms;
END;
CREATE TRIGGER activity_counts_on_delete AFTER DELETE ON activity BEGIN
  INSERT INTO account_stat (account_id, last_contact_at_ms)
    SELECT OLD.account_id, max(at_ms) FROM activity WHERE account_id = OLD.account_id AND kind <> 'note' AND deleted = 0
    HAVING OLD.account_id IS NOT NULL
    ON CONFLICT (account_id) DO UPDATE SET last_contact_at_ms = excluded.last_contact_at_ms;
END;

-- Facts about the firm: name, epoch, default time zone, keys.
CREATE TABLE meta (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT
) STRICT;

-- The firm's sequence number: one row, raised by every accepted change.
CREATE TABLE counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO counter (id, seq) VALUES (1, 0);

-- Who changed what from what to what; in_force 0: an edit that lost and is kept here.
-- unit is a field, a field group, '+' (the row was made) or '-' (it was deleted, or brought back).
CREATE TABLE history (
  seq INTEGER NOT NULL,
  entity TEXT NOT NULL,
  row_id TEXT NOT NULL,
  unit TEXT NOT NULL,
  old TEXT,
  new TEXT,
  user_id TEXT,
  device_id TEXT,
  op_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  in_force INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX history_row_id_seq ON history (row_id, seq);

-- Every operation ever judged, so that a second sending has no second effect.
CREATE TABLE operation (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT,
  device_id TEXT,
  seq INTEGER,
  outcome TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who holds which bucket, from and until which sequence number (until NULL: still).
-- first_seq is when the person first held it; a gap lies behind it when it differs from from_seq.
CREATE TABLE membership (
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('firm', 'account', 'person', 'private')),
  key TEXT NOT NULL,
  access TEXT NOT NULL CHECK (access IN ('read', 'write')),
  first_seq INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  until_seq INTEGER,
  until_at_ms INTEGER,
  PRIMARY KEY (user_id, kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_kind_key ON membership (kind, key);
CREATE INDEX membership_from_seq ON membership (user_id, from_seq);
CREATE INDEX membership_until_seq ON membership (user_id, until_seq) WHERE until_seq IS NOT NULL;

-- Rows that left a bucket because one of their columns changed.
CREATE TABLE moved (
  seq INTEGER NOT NULL,
  entity TEXT NOT NULL,
  row_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL
) STRICT;
CREATE INDEX moved_seq ON moved (seq);
