-- page: /

-- name: agenda :many
SELECT
  e.id,
  e.title,
  e.kind,
  e.start_ms,
  e.end_ms,
  e.is_all_day,
  e.place,
  e.account_id,
  a.name AS account_name,
  e.end_ms < :now_ms AS is_over,
  EXISTS (SELECT 1 FROM activity v WHERE v.account_id = e.account_id AND v.event_id = e.id) AS is_written,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = e.id AND o.state <> 'acked') AS is_unsent
FROM event e
LEFT JOIN account a ON a.id = e.account_id
WHERE e.start_ms < day_start_ms(add_days(:today, 1), :tz)
  AND e.start_ms >= day_start_ms(add_days(:today, -31), :tz)
  AND e.end_ms > day_start_ms(:today, :tz)
  AND e.cancelled_at_ms IS NULL
  AND (e.owner_id = :me OR EXISTS (SELECT 1 FROM json_each(e.attendee_ids) j WHERE j.value = :me))
ORDER BY e.is_all_day DESC, e.start_ms, e.id
LIMIT 50;

-- Important before urgent, then by date: what is late stands where its weight puts it.
-- name: tasks :many
SELECT
  t.id,
  t.version,
  t.title,
  t.due_on,
  t.due_on < :today AS is_late,
  t.is_important,
  t.is_urgent,
  t.account_id,
  a.name AS account_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = t.id AND o.state <> 'acked') AS is_unsent
FROM task t
LEFT JOIN account a ON a.id = t.account_id
WHERE t.assignee_id = :me AND t.done_at_ms IS NULL AND t.due_on <= :today
ORDER BY 2 * t.is_important + t.is_urgent DESC, t.due_on, t.id
LIMIT 12;

-- name: to_contact :many
SELECT a.id, a.name, a.level, a.next_contact_on, s.last_contact_at_ms, a.phones ->> 0 AS phone
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.next_contact_on <= :today AND a.owner_id = :me
ORDER BY a.next_contact_on, a.id
LIMIT 9;

-- name: conflicts :many
SELECT
  x.id,
  x.kind,
  x.target_entity,
  x.lost_at_ms,
  iif(x.kept_by = :me OR x.kind = 'proposal', lost.name, kept.name) AS other_name,
  a.name AS account_name
FROM conflict x
LEFT JOIN account a ON a.id = x.account_id
LEFT JOIN user kept ON kept.id = x.kept_by
LEFT JOIN user lost ON lost.id = x.lost_by
WHERE x.settled_at_ms IS NULL AND (x.kept_by = :me OR x.lost_by = :me OR a.owner_id = :me)
ORDER BY x.lost_at_ms DESC, x.id DESC
LIMIT 5;

-- name: mentions :many
SELECT
  m.id,
  m.body,
  m.created_at_ms,
  u.name AS by_name,
  a.name AS account_name
FROM comment m
LEFT JOIN user u ON u.id = m.owner_id
LEFT JOIN account a ON a.id = m.account_id
WHERE m.created_at_ms > :now_ms - 1209600000
  AND EXISTS (SELECT 1 FROM json_each(m.mention_ids) j WHERE j.value = :me)
  AND m.owner_id IS NOT :me
ORDER BY m.created_at_ms DESC, m.id DESC
LIMIT 5;

-- name: stickies :many
SELECT
  n.id,
  n.body,
  n.colour,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = n.id AND o.state <> 'acked') AS is_unsent
FROM sticky n
WHERE n.owner_id = :me AND n.account_id IS NULL
ORDER BY n.created_at_ms DESC, n.id DESC
LIMIT 6;

-- What the others did, for those whose role reaches others.
-- name: feed :many
SELECT
  v.id,
  v.kind,
  v.at_ms,
  v.body,
  u.name AS by_name,
  a.name AS account_name
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
LEFT JOIN account a ON a.id = v.account_id
WHERE v.at_ms > :now_ms - 604800000 AND v.at_ms <= :now_ms
  AND v.owner_id IS NOT :me
  AND EXISTS (
    SELECT 1 FROM user i JOIN role r ON r.id = i.role_id WHERE i.id = :me AND r.data_scope <> 'own'
  )
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 8;

-- name: has_customers :value
SELECT EXISTS (SELECT 1 FROM account);
