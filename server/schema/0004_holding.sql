-- Which part of what a person may see lies on the person's devices, and what the server may let go of.

-- A bucket is held while held_until_seq is NULL. Seen and not held: an account that went quiet, of somebody who
-- sees more than fit.
ALTER TABLE membership ADD COLUMN held_from_seq INTEGER;
ALTER TABLE membership ADD COLUMN held_until_seq INTEGER;
UPDATE membership SET held_from_seq = from_seq, held_until_seq = until_seq;
DROP INDEX membership_from_seq;
DROP INDEX membership_until_seq;
CREATE INDEX membership_held_from_seq ON membership (user_id, held_from_seq);
CREATE INDEX membership_held_until_seq ON membership (user_id, held_until_seq) WHERE held_until_seq IS NOT NULL;
CREATE INDEX membership_until_seq ON membership (until_seq) WHERE until_seq IS NOT NULL;
-- Empty where nobody sees too much: what every accepted change asks costs nothing there.
CREATE INDEX membership_quiet ON membership (key)
  WHERE kind = 'account' AND until_seq IS NULL AND held_until_seq IS NOT NULL;

-- What was decided for a person: how many days back (NULL: all), on which day, at which sequence number; of how many
-- accounts how many were held then; how many rows (NULL: not counted).
CREATE TABLE holding (
  user_id TEXT PRIMARY KEY NOT NULL,
  day TEXT NOT NULL,
  days INTEGER,
  seq INTEGER NOT NULL,
  held INTEGER NOT NULL,
  visible INTEGER NOT NULL,
  rows INTEGER
) STRICT, WITHOUT ROWID;

-- How far the sequence was on a day, by the server's own calendar.
CREATE TABLE reached (
  day TEXT PRIMARY KEY NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was deleted, found without reading what was not.
CREATE INDEX department_tombstone ON department (version) WHERE deleted = 1;
CREATE INDEX role_tombstone ON role (version) WHERE deleted = 1;
CREATE INDEX user_tombstone ON user (version) WHERE deleted = 1;
CREATE INDEX preference_tombstone ON preference (version) WHERE deleted = 1;
CREATE INDEX account_tombstone ON account (version) WHERE deleted = 1;
CREATE INDEX account_member_tombstone ON account_member (version) WHERE deleted = 1;
CREATE INDEX contact_tombstone ON contact (version) WHERE deleted = 1;
CREATE INDEX relation_tombstone ON relation (version) WHERE deleted = 1;
CREATE INDEX event_tombstone ON event (version) WHERE deleted = 1;
CREATE INDEX clash_kept_tombstone ON clash_kept (version) WHERE deleted = 1;
CREATE INDEX activity_tombstone ON activity (version) WHERE deleted = 1;
CREATE INDEX task_tombstone ON task (version) WHERE deleted = 1;
CREATE INDEX sticky_tombstone ON sticky (version) WHERE deleted = 1;
CREATE INDEX comment_tombstone ON comment (version) WHERE deleted = 1;
CREATE INDEX saved_view_tombstone ON saved_view (version) WHERE deleted = 1;
CREATE INDEX busy_tombstone ON busy (version) WHERE deleted = 1;
CREATE INDEX handover_tombstone ON handover (version) WHERE deleted = 1;
CREATE INDEX handover_item_tombstone ON handover_item (version) WHERE deleted = 1;
CREATE INDEX pool_rule_tombstone ON pool_rule (version) WHERE deleted = 1;
CREATE INDEX conflict_tombstone ON conflict (version) WHERE deleted = 1;
