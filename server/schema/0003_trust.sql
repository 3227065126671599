-- What sync needs to be trusted: series of appointments, handovers, the shared pool, how much a device holds.
ALTER TABLE preference ADD COLUMN window_days INTEGER;
ALTER TABLE account ADD COLUMN owner_since_ms INTEGER;
ALTER TABLE event ADD COLUMN rrule TEXT;
ALTER TABLE event ADD COLUMN timezone TEXT;
ALTER TABLE event ADD COLUMN series_id TEXT;
ALTER TABLE event ADD COLUMN occurrence_on TEXT;
ALTER TABLE busy ADD COLUMN rrule TEXT;
ALTER TABLE busy ADD COLUMN timezone TEXT;
ALTER TABLE busy ADD COLUMN skipped TEXT;
CREATE INDEX event_series_id ON event (series_id);
CREATE INDEX event_rrule ON event (rrule);
UPDATE account SET owner_since_ms = created_at_ms WHERE owner_id IS NOT NULL;

CREATE TABLE clash_kept (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT,
  event_id TEXT,
  other_id TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX clash_kept_event_id ON clash_kept (event_id);
CREATE INDEX clash_kept_other_id ON clash_kept (other_id);
CREATE INDEX clash_kept_version ON clash_kept (version);

CREATE TABLE handover (
  id TEXT PRIMARY KEY NOT NULL,
  from_id TEXT,
  to_id TEXT,
  account_ids TEXT,
  keep TEXT,
  keep_until TEXT,
  with_events INTEGER,
  with_tasks INTEGER,
  note TEXT,
  received_at_ms INTEGER,
  done_at_ms INTEGER,
  counts TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX handover_from_id ON handover (from_id);
CREATE INDEX handover_to_id ON handover (to_id);
CREATE INDEX handover_version ON handover (version);

CREATE TABLE handover_item (
  id TEXT PRIMARY KEY NOT NULL,
  handover_id TEXT,
  from_id TEXT,
  to_id TEXT,
  owner_id TEXT,
  target_entity TEXT,
  target_id TEXT,
  account_id TEXT,
  title TEXT,
  at_ms INTEGER,
  due_on TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX handover_item_handover_id ON handover_item (handover_id);
CREATE INDEX handover_item_version ON handover_item (version);

CREATE TABLE pool_rule (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  days INTEGER,
  department_id TEXT,
  levels TEXT,
  is_active INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pool_rule_version ON pool_rule (version);
