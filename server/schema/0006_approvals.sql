-- Approvals, expenses, what hangs on them, and how people are told of things.

-- Who takes part in an approval holds a bucket of its own.
CREATE TABLE membership_with_approvals (
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('firm', 'account', 'person', 'private', 'approval')),
  key TEXT NOT NULL,
  access TEXT NOT NULL CHECK (access IN ('read', 'write')),
  first_seq INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  until_seq INTEGER,
  until_at_ms INTEGER,
  held_from_seq INTEGER,
  held_until_seq INTEGER,
  written_until_seq INTEGER,
  written_until_at_ms INTEGER,
  PRIMARY KEY (user_id, kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO membership_with_approvals SELECT user_id, kind, key, access, first_seq, from_seq, until_seq, until_at_ms,
  held_from_seq, held_until_seq, written_until_seq, written_until_at_ms FROM membership;
DROP TABLE membership;
ALTER TABLE membership_with_approvals RENAME TO membership;
CREATE INDEX membership_kind_key ON membership (kind, key);
CREATE INDEX membership_held_from_seq ON membership (user_id, held_from_seq);
CREATE INDEX membership_held_until_seq ON membership (user_id, held_until_seq) WHERE held_until_seq IS NOT NULL;
CREATE INDEX membership_until_seq ON membership (until_seq) WHERE until_seq IS NOT NULL;
CREATE INDEX membership_quiet ON membership (key)
  WHERE kind = 'account' AND until_seq IS NULL AND held_until_seq IS NOT NULL;

CREATE TABLE firm_setting (
  id TEXT PRIMARY KEY NOT NULL,
  key TEXT,
  value TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX firm_setting_version ON firm_setting (version);
CREATE INDEX firm_setting_tombstone ON firm_setting (version) WHERE deleted = 1;

CREATE TABLE approval_definition (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  subject TEXT,
  kind TEXT,
  current INTEGER,
  position INTEGER,
  is_active INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approval_definition_version ON approval_definition (version);
CREATE INDEX approval_definition_tombstone ON approval_definition (version) WHERE deleted = 1;

CREATE TABLE definition_version (
  id TEXT PRIMARY KEY NOT NULL,
  definition_id TEXT,
  number INTEGER,
  asks TEXT,
  form TEXT,
  starters TEXT,
  steps TEXT,
  cc TEXT,
  fallback_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX definition_version_definition_id_number ON definition_version (definition_id, number);
CREATE INDEX definition_version_version ON definition_version (version);
CREATE INDEX definition_version_tombstone ON definition_version (version) WHERE deleted = 1;

CREATE TABLE expense_category (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT,
  position INTEGER,
  is_active INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX expense_category_version ON expense_category (version);
CREATE INDEX expense_category_tombstone ON expense_category (version) WHERE deleted = 1;

CREATE TABLE expense_policy (
  id TEXT PRIMARY KEY NOT NULL,
  category_id TEXT,
  role_id TEXT,
  per TEXT,
  most_cents INTEGER,
  receipt_from_cents INTEGER,
  note TEXT,
  is_active INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX expense_policy_version ON expense_policy (version);
CREATE INDEX expense_policy_tombstone ON expense_policy (version) WHERE deleted = 1;

CREATE TABLE substitute (
  id TEXT PRIMARY KEY NOT NULL,
  substitute_id TEXT,
  from_on TEXT,
  until_on TEXT,
  reason TEXT,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX substitute_owner_id ON substitute (owner_id);
CREATE INDEX substitute_substitute_id ON substitute (substitute_id);
CREATE INDEX substitute_version ON substitute (version);
CREATE INDEX substitute_tombstone ON substitute (version) WHERE deleted = 1;

CREATE TABLE approval (
  id TEXT PRIMARY KEY NOT NULL,
  definition_id TEXT,
  version_id TEXT,
  title TEXT,
  amount_cents INTEGER,
  currency TEXT,
  answers TEXT,
  reason TEXT,
  payee TEXT,
  account_id TEXT,
  request_id TEXT,
  advance_id TEXT,
  cc_ids TEXT,
  owner_id TEXT,
  applicant_id TEXT,
  state TEXT,
  revision INTEGER,
  revision_hash TEXT,
  waiting_ids TEXT,
  people_ids TEXT,
  submitted_at_ms INTEGER,
  due_at_ms INTEGER,
  decided_at_ms INTEGER,
  sanctioned_cents INTEGER,
  paid_cents INTEGER,
  offset_cents INTEGER,
  paid_at_ms INTEGER,
  paid_by TEXT,
  closed_at_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  search_key TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approval_owner_id ON approval (owner_id);
CREATE INDEX approval_applicant_id ON approval (applicant_id);
CREATE INDEX approval_state_due_at_ms ON approval (state, due_at_ms);
CREATE INDEX approval_definition_id ON approval (definition_id);
CREATE INDEX approval_account_id ON approval (account_id);
CREATE INDEX approval_advance_id ON approval (advance_id);
CREATE INDEX approval_paid_at_ms ON approval (paid_at_ms);
CREATE INDEX approval_version ON approval (version);
CREATE INDEX approval_tombstone ON approval (version) WHERE deleted = 1;

CREATE TABLE approval_revision (
  id TEXT PRIMARY KEY NOT NULL,
  approval_id TEXT,
  applicant_id TEXT,
  number INTEGER,
  hash TEXT,
  version_id TEXT,
  content TEXT,
  closed_at_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approval_revision_approval_id_number ON approval_revision (approval_id, number);
CREATE INDEX approval_revision_version ON approval_revision (version);
CREATE INDEX approval_revision_tombstone ON approval_revision (version) WHERE deleted = 1;

CREATE TABLE approval_step (
  id TEXT PRIMARY KEY NOT NULL,
  approval_id TEXT,
  applicant_id TEXT,
  revision INTEGER,
  position INTEGER,
  key TEXT,
  name TEXT,
  mode TEXT,
  asked_ids TEXT,
  waiting_ids TEXT,
  state TEXT,
  instead TEXT,
  added_by TEXT,
  opened_at_ms INTEGER,
  due_at_ms INTEGER,
  done_at_ms INTEGER,
  closed_at_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approval_step_approval_id_position ON approval_step (approval_id, position);
CREATE INDEX approval_step_state_due_at_ms ON approval_step (state, due_at_ms);
CREATE INDEX approval_step_version ON approval_step (version);
CREATE INDEX approval_step_tombstone ON approval_step (version) WHERE deleted = 1;

CREATE TABLE approval_action (
  id TEXT PRIMARY KEY NOT NULL,
  approval_id TEXT,
  verb TEXT,
  revision_hash TEXT,
  step_id TEXT,
  to_step_id TEXT,
  target_ids TEXT,
  mode TEXT,
  note TEXT,
  sanctioned TEXT,
  amount_cents INTEGER,
  owner_id TEXT,
  applicant_id TEXT,
  revision INTEGER,
  on_behalf_of TEXT,
  effect TEXT,
  met_by TEXT,
  effect_at_ms INTEGER,
  voided_at_ms INTEGER,
  closed_at_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approval_action_approval_id ON approval_action (approval_id);
CREATE INDEX approval_action_owner_id ON approval_action (owner_id);
CREATE INDEX approval_action_step_id ON approval_action (step_id);
CREATE INDEX approval_action_version ON approval_action (version);
CREATE INDEX approval_action_tombstone ON approval_action (version) WHERE deleted = 1;

CREATE TABLE expense_line (
  id TEXT PRIMARY KEY NOT NULL,
  approval_id TEXT,
  spent_on TEXT,
  category_id TEXT,
  amount_cents INTEGER,
  currency TEXT,
  rate_e6 INTEGER,
  account_id TEXT,
  activity_id TEXT,
  receipt_no TEXT,
  note TEXT,
  position INTEGER,
  owner_id TEXT,
  applicant_id TEXT,
  sanctioned_cents INTEGER,
  closed_at_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX expense_line_approval_id ON expense_line (approval_id);
CREATE INDEX expense_line_spent_on ON expense_line (spent_on);
CREATE INDEX expense_line_account_id ON expense_line (account_id);
CREATE INDEX expense_line_owner_id ON expense_line (owner_id);
CREATE INDEX expense_line_receipt_no ON expense_line (receipt_no);
CREATE INDEX expense_line_version ON expense_line (version);
CREATE INDEX expense_line_tombstone ON expense_line (version) WHERE deleted = 1;

CREATE TABLE attachment (
  id TEXT PRIMARY KEY NOT NULL,
  target_entity TEXT,
  target_id TEXT,
  approval_id TEXT,
  hash TEXT,
  name TEXT,
  media_type TEXT,
  bytes INTEGER,
  owner_id TEXT,
  applicant_id TEXT,
  stored_at_ms INTEGER,
  closed_at_ms INTEGER,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attachment_approval_id ON attachment (approval_id);
CREATE INDEX attachment_target_id ON attachment (target_id);
CREATE INDEX attachment_hash ON attachment (hash);
CREATE INDEX attachment_version ON attachment (version);
CREATE INDEX attachment_tombstone ON attachment (version) WHERE deleted = 1;

CREATE TABLE snooze (
  id TEXT PRIMARY KEY NOT NULL,
  key TEXT,
  until_ms INTEGER,
  owner_id TEXT,
  version INTEGER,
  created_at_ms INTEGER,
  created_by TEXT,
  updated_at_ms INTEGER,
  updated_by TEXT,
  deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX snooze_key ON snooze (key);
CREATE INDEX snooze_version ON snooze (version);
CREATE INDEX snooze_tombstone ON snooze (version) WHERE deleted = 1;

ALTER TABLE role ADD COLUMN is_cashier INTEGER;
UPDATE role SET is_cashier = 0;
ALTER TABLE preference ADD COLUMN notice_off TEXT;
UPDATE preference SET notice_off = '[]';

ALTER TABLE preference ADD COLUMN notice_email TEXT;

ALTER TABLE preference ADD COLUMN robot_kind TEXT;

ALTER TABLE preference ADD COLUMN robot_url TEXT;

ALTER TABLE preference ADD COLUMN robot_secret TEXT;

ALTER TABLE preference ADD COLUMN quiet_from TEXT;

ALTER TABLE preference ADD COLUMN quiet_until TEXT;

ALTER TABLE preference ADD COLUMN remind_at TEXT;
