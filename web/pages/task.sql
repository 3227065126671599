-- page: /tasks/{id}

-- name: task :one
SELECT
  t.id,
  t.title,
  t.note,
  t.due_on,
  t.is_important,
  t.is_urgent,
  t.done_at_ms,
  t.version,
  t.due_on < :today AS is_late,
  t.account_id,
  a.name AS account_name,
  t.contact_id,
  c.name AS contact_name,
  t.assignee_id,
  assignee.name AS assignee_name,
  t.owner_id,
  owner.name AS owner_name,
  t.created_at_ms,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = t.id AND o.state <> 'acked') AS is_unsent,
  (SELECT x.id FROM conflict x WHERE x.target_id = t.id AND x.settled_at_ms IS NULL ORDER BY x.id LIMIT 1) AS conflict_id
FROM task t
LEFT JOIN account a ON a.id = t.account_id
LEFT JOIN contact c ON c.id = t.contact_id
LEFT JOIN user assignee ON assignee.id = t.assignee_id
LEFT JOIN user owner ON owner.id = t.owner_id
WHERE t.id = :id;

-- What reminded me of it, to be put off; it comes again on the day that I choose.
-- name: reminder :maybe
SELECT r.key, derived_id(r.key, :me) AS snooze_id, s.version AS snooze_version, s.until_ms AS put_off_ms,
  at_clock(add_days(:today, 1), r.remind_at, :tz) AS next_day_ms
FROM (
  SELECT 'task:' || t.id || ':' || t.due_on AS key, t.due_on,
    coalesce((SELECT remind_at FROM preference WHERE id = :me), '09:00') AS remind_at
  FROM task t
  WHERE t.id = :id AND t.assignee_id = :me AND t.done_at_ms IS NULL
) r
LEFT JOIN snooze s ON s.id = derived_id(r.key, :me)
WHERE at_clock(r.due_on, r.remind_at, :tz) <= :now_ms;

-- name: comments :many
SELECT
  m.id,
  m.body,
  m.owner_id,
  u.name AS author_name,
  m.created_at_ms,
  EXISTS (SELECT 1 FROM json_each(m.mention_ids) j WHERE j.value = :me) AS mentions_me,
  (SELECT group_concat(p.name, ', ') FROM json_each(m.mention_ids) j JOIN user p ON p.id = j.value) AS mentioned,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = m.id AND o.state <> 'acked') AS is_unsent
FROM comment m
LEFT JOIN user u ON u.id = m.owner_id
WHERE m.target_id = :id AND m.target_entity = 'task'
ORDER BY m.created_at_ms, m.id;

-- name: colleagues :many
SELECT id, name, title FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
