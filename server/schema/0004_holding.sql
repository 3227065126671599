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
-- accounts how many were held then.
CREATE TABLE holding (
  user_id TEXT PRIMARY KEY NOT NULL,
  day TEXT NOT NULL,
  days INTEGER,
  seq INTEGER NOT NULL,
  held INTEGER NOT NULL,
  visible INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the sequence was on a day, by the server's own calendar.
CREATE TABLE reached (
  day TEXT PRIMARY KEY NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
