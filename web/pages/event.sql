-- page: /events/{id}

-- name: event :one
SELECT
  e.id,
  e.title,
  e.kind,
  e.start_ms,
  e.end_ms,
  e.is_all_day,
  local_date(e.start_ms, :tz) AS first_on,
  local_date(e.end_ms - 1, :tz) AS last_on,
  coalesce(e.place, a.address) AS place,
  e.note,
  e.account_id,
  a.name AS account_name,
  e.owner_id,
  owner.name AS owner_name,
  e.remind_minutes,
  e.cancelled_at_ms,
  e.version,
  e.owner_id = :me OR :me IN (SELECT value FROM json_each(e.attendee_ids)) AS is_mine,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = e.id AND o.state <> 'acked') AS is_unsent,
  (SELECT x.id FROM conflict x WHERE x.target_id = e.id AND x.settled_at_ms IS NULL ORDER BY x.id LIMIT 1) AS conflict_id
FROM event e
LEFT JOIN account a ON a.id = e.account_id
LEFT JOIN user owner ON owner.id = e.owner_id
WHERE e.id = :id;

-- name: contacts :many
SELECT c.id, c.name, c.title, c.phones ->> 0 AS phone
FROM contact c
WHERE c.id IN (SELECT j.value FROM event e, json_each(e.contact_ids) j WHERE e.id = :id)
ORDER BY c.name, c.id;

-- name: people :many
SELECT u.id, u.name, u.title, u.id = :event__owner_id AS is_owner
FROM user u
WHERE u.id = :event__owner_id OR u.id IN (SELECT j.value FROM event e, json_each(e.attendee_ids) j WHERE e.id = :id)
ORDER BY is_owner DESC, u.name, u.id;

-- Whoever takes part and has something else at that time; a title only where I may see it.  All-day
-- appointments fill whole days.
-- name: clashes :many
WITH near AS MATERIALIZED (
  SELECT o.id, o.title, o.owner_id, o.attendee_ids, o.is_all_day, o.start_ms, o.end_ms,
    iif(o.is_all_day, day_start_ms(local_date(o.start_ms, :tz), :tz), o.start_ms) AS from_ms,
    iif(
      o.is_all_day,
      day_start_ms(add_days(local_date(max(o.start_ms, o.end_ms - 1), :tz), 1), :tz),
      max(o.end_ms, o.start_ms + 900000)
    ) AS to_ms
  FROM event o
  WHERE o.cancelled_at_ms IS NULL
    AND o.start_ms < max(:event__end_ms, :event__start_ms) + 93600000 AND o.end_ms > :event__start_ms - 93600000
),
this AS (SELECT * FROM near WHERE id = :id),
person AS (
  SELECT u.id, u.name
  FROM this t
  JOIN user u ON u.id = t.owner_id OR u.id IN (SELECT value FROM json_each(t.attendee_ids))
)
SELECT p.id AS user_id, p.name, o.id AS event_id, o.title, o.start_ms, o.end_ms, o.is_all_day
FROM this t
JOIN near o ON o.id <> t.id AND o.from_ms < t.to_ms AND o.to_ms > t.from_ms
JOIN person p ON p.id = o.owner_id OR p.id IN (SELECT value FROM json_each(o.attendee_ids))
UNION ALL
SELECT p.id, p.name, NULL, NULL, b.start_ms, b.end_ms, 0
FROM this t
JOIN busy b ON b.start_ms < t.to_ms AND b.end_ms > t.from_ms
JOIN person p ON p.id = b.user_id
WHERE b.event_id <> t.id AND NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id)
ORDER BY 2, 5, 3;

-- The same clock time on a later day, also where the clocks change in between.
-- name: moves :many
WITH step (days) AS (VALUES (1), (7)),
moved AS (
  SELECT
    s.days,
    add_days(local_date(e.start_ms, :tz), s.days) AS date,
    e.start_ms - day_start_ms(local_date(e.start_ms, :tz), :tz) AS since_midnight,
    day_start_ms(add_days(local_date(e.start_ms, :tz), 1), :tz) - e.start_ms AS until_midnight,
    e.end_ms - e.start_ms AS length_ms
  FROM event e, step s
  WHERE e.id = :id
)
SELECT
  days,
  CASE
    WHEN since_midnight < 21600000 THEN day_start_ms(date, :tz) + since_midnight
    ELSE day_start_ms(add_days(date, 1), :tz) - until_midnight
  END AS start_ms,
  length_ms
FROM moved
ORDER BY days;

-- name: written :many
SELECT v.id, v.kind, v.body, v.at_ms, u.name AS author_name
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
WHERE v.event_id = :id AND v.account_id IS :event__account_id
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 20;

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
WHERE m.target_id = :id AND m.target_entity = 'event'
ORDER BY m.created_at_ms, m.id;

-- name: colleagues :many
SELECT id, name, title FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
