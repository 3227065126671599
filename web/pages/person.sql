-- page: /people/{id}

-- name: person :one
SELECT
  u.id,
  u.name,
  u.title,
  u.is_active,
  d.name AS department_name,
  u.manager_id,
  manager.name AS manager_name,
  role.name AS role_name
FROM user u
LEFT JOIN department d ON d.id = u.department_id
LEFT JOIN user manager ON manager.id = u.manager_id
LEFT JOIN role ON role.id = u.role_id
WHERE u.id = :id;

-- Whose customers I may hand over: those of whoever my data scope reaches, and for an administrator anybody's.
-- name: may_hand_over :value
WITH RECURSIVE
mine AS (
  SELECT u.id, u.department_id, r.data_scope, r.is_admin FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me
),
below (id) AS (
  SELECT department_id FROM mine UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
),
reports (id) AS (
  SELECT id FROM mine UNION SELECT u.id FROM user u JOIN reports r ON u.manager_id = r.id
)
SELECT EXISTS (
  SELECT 1 FROM user u, mine m
  WHERE u.id = :id AND (m.is_admin OR CASE m.data_scope
    WHEN 'everything' THEN 1
    WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
    WHEN 'department' THEN u.department_id = m.department_id
    WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
    ELSE 0
  END)
);

-- name: phones :many
SELECT j.value AS phone FROM user u, json_each(u.phones) j WHERE u.id = :id ORDER BY j.key;

-- name: emails :many
SELECT j.value AS email FROM user u, json_each(u.emails) j WHERE u.id = :id ORDER BY j.key;

-- name: reports :many
SELECT id, name, title FROM user WHERE manager_id = :id AND is_active = 1 ORDER BY name, id;

-- name: window :one
SELECT :now_ms AS from_ms, day_start_ms(add_days(:today, 7), :tz) AS to_ms;

-- name: them :value
SELECT json_array(:id);

-- What takes place, as [id, day of the series, from, to]: single appointments, and the days of series that have no
-- appointment of their own.  A series that took over from another one skips the days of that one, too.  Whole days
-- are the reader's days, whatever zone they were written in.
-- name: spans :value
WITH RECURSIVE
line (id, origin) AS (
  SELECT id, id FROM event WHERE rrule > ''
  UNION
  SELECT l.id, e.series_id FROM line l JOIN event e ON e.id = l.origin WHERE e.series_id IS NOT NULL
),
skipped AS MATERIALIZED (
  SELECT l.id, o.occurrence_on AS day FROM line l CROSS JOIN event o ON o.series_id = l.origin WHERE +o.rrule IS NULL
),
person (id) AS MATERIALIZED (SELECT value FROM json_each(:them)),
near AS (
  SELECT e.id, NULL AS day, e.start_ms, e.end_ms
  FROM event e
  WHERE +e.rrule IS NULL AND e.end_ms > :window__from_ms - 94500000 AND +e.start_ms < :window__to_ms + 93600000
  UNION ALL
  SELECT s.id, j.value ->> 2, j.value ->> 0, j.value ->> 1
  FROM event s
  JOIN json_each(occurrences(
    s.start_ms, s.end_ms, s.rrule, s.timezone, s.is_all_day, :window__from_ms - 94500000, :window__to_ms + 93600000
  )) j
  WHERE s.rrule > '' AND s.cancelled_at_ms IS NULL
    AND (s.owner_id IN person OR EXISTS (SELECT 1 FROM json_each(s.attendee_ids) WHERE value IN person))
    AND NOT EXISTS (SELECT 1 FROM skipped k WHERE k.id = s.id AND k.day = j.value ->> 2)
),
filled AS (
  SELECT n.id, n.day,
    iif(
      e.is_all_day,
      day_start_ms(local_date(n.start_ms, coalesce(e.timezone, :tz)), :tz),
      n.start_ms
    ) AS from_ms,
    iif(
      e.is_all_day,
      day_start_ms(add_days(local_date(max(n.start_ms, n.end_ms - 1), coalesce(e.timezone, :tz)), 1), :tz),
      max(n.end_ms, n.start_ms + 900000)
    ) AS to_ms
  FROM near n
  CROSS JOIN event e ON e.id = n.id
  WHERE (e.owner_id IN person OR EXISTS (SELECT 1 FROM json_each(e.attendee_ids) WHERE value IN person)) AND e.cancelled_at_ms IS NULL
)
SELECT json_group_array(json_array(id, day, from_ms, to_ms) ORDER BY from_ms, id)
FROM filled
WHERE from_ms < :window__to_ms AND to_ms > :window__from_ms;

-- When they are taken by what I may not see, as [person, appointment, from, to].
-- name: busy_spans :value
SELECT json_group_array(json_array(user_id, event_id, from_ms, to_ms) ORDER BY from_ms, user_id, event_id)
FROM (
  SELECT b.user_id, b.event_id, b.start_ms AS from_ms, max(b.end_ms, b.start_ms + 900000) AS to_ms
  FROM busy b
  WHERE b.rrule IS NULL AND b.user_id IN (SELECT value FROM json_each(:them))
    AND b.start_ms < :window__to_ms AND b.end_ms > :window__from_ms
  UNION ALL
  SELECT b.user_id, b.event_id, j.value ->> 0, j.value ->> 1
  FROM busy b
  JOIN json_each(occurrences(b.start_ms, b.end_ms, b.rrule, b.timezone, 0, :window__from_ms, :window__to_ms)) j
  WHERE b.rrule IS NOT NULL AND b.user_id IN (SELECT value FROM json_each(:them))
    AND NOT EXISTS (SELECT 1 FROM json_each(b.skipped) k WHERE k.value = j.value ->> 2)
) b
WHERE NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id);

-- The days ahead: what I may see, and otherwise only that the person is busy.
-- name: ahead :many
SELECT e.id AS event_id, j.value ->> 1 AS day, e.title, j.value ->> 2 AS start_ms, j.value ->> 3 AS end_ms, e.is_all_day, a.name AS account_name
FROM json_each(:spans) j
CROSS JOIN event e ON e.id = j.value ->> 0
LEFT JOIN account a ON a.id = e.account_id
UNION ALL
SELECT NULL, NULL, NULL, j.value ->> 2, j.value ->> 3, 0, NULL FROM json_each(:busy_spans) j
ORDER BY 4, 1;

-- name: accounts :many
SELECT a.id, a.name, a.level, a.region, s.last_contact_at_ms
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.owner_id = :id
ORDER BY s.last_contact_at_ms DESC, a.name, a.id
LIMIT 30;

-- name: activities :many
SELECT v.id, v.kind, v.body, v.at_ms, v.account_id, a.name AS account_name
FROM activity v
LEFT JOIN account a ON a.id = v.account_id
WHERE v.owner_id = :id
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 10;
