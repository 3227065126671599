-- page: /schedule
-- query: date= view=day who=me

-- name: day :value
SELECT coalesce(add_days(:date, 0), :today);

-- name: first_day :value
SELECT CASE :view WHEN 'week' THEN week_start(:day) ELSE :day END;

-- name: last_day :value
SELECT CASE :view WHEN 'week' THEN add_days(:first_day, 6) ELSE :day END;

-- name: around :one
SELECT
  add_days(:first_day, CASE :view WHEN 'week' THEN -7 ELSE -1 END) AS earlier,
  add_days(:last_day, 1) AS later,
  day_start_ms(:first_day, :tz) AS from_ms,
  day_start_ms(add_days(:last_day, 1), :tz) AS to_ms;

-- name: days :many
WITH RECURSIVE day (date) AS (
  SELECT :first_day
  UNION ALL
  SELECT add_days(date, 1) FROM day WHERE date < :last_day
)
SELECT date, date = :today AS is_today FROM day ORDER BY date;

-- The team is whoever reports to me, directly or not, and whoever works in my department or below it.
-- name: people :many
WITH RECURSIVE
report (id) AS (
  SELECT :me
  UNION
  SELECT u.id FROM user u JOIN report r ON u.manager_id = r.id
),
below (id) AS (
  SELECT department_id FROM user WHERE id = :me AND department_id IS NOT NULL
  UNION
  SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
)
SELECT id, name, title
FROM user
WHERE is_active = 1
  AND CASE :who
    WHEN 'me' THEN id = :me
    WHEN 'team' THEN id IN (SELECT id FROM report) OR department_id IN (SELECT id FROM below)
    ELSE id = :who
  END
ORDER BY name, id;

-- name: people_ids :value
WITH RECURSIVE
report (id) AS (
  SELECT :me
  UNION
  SELECT u.id FROM user u JOIN report r ON u.manager_id = r.id
),
below (id) AS (
  SELECT department_id FROM user WHERE id = :me AND department_id IS NOT NULL
  UNION
  SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
)
SELECT json_group_array(id)
FROM user
WHERE is_active = 1
  AND CASE :who
    WHEN 'me' THEN id = :me
    WHEN 'team' THEN id IN (SELECT id FROM report) OR department_id IN (SELECT id FROM below)
    ELSE id = :who
  END;

-- What fills each day: appointments that I may see, times at which somebody is busy, and my own free time.
-- A clock time counts from the next midnight once it is past six, so that it is right on the days that
-- clocks change.  Lanes keep appointments that overlap side by side.  All-day appointments fill whole days, and
-- one whose end was set before its start still shows.
-- name: entries :many
WITH RECURSIVE
day (date) AS (
  SELECT :first_day
  UNION ALL
  SELECT add_days(date, 1) FROM day WHERE date < :last_day
),
bounds AS MATERIALIZED (
  SELECT date, day_start_ms(date, :tz) AS start_ms, day_start_ms(add_days(date, 1), :tz) AS end_ms FROM day
),
shown AS MATERIALIZED (
  SELECT e.id, e.title, e.kind, e.is_all_day, e.place, e.account_id, e.cancelled_at_ms,
    iif(e.is_all_day, day_start_ms(local_date(e.start_ms, :tz), :tz), e.start_ms) AS start_ms,
    iif(
      e.is_all_day,
      day_start_ms(add_days(local_date(max(e.start_ms, e.end_ms - 1), :tz), 1), :tz),
      max(e.end_ms, e.start_ms + 900000)
    ) AS end_ms,
    (
      SELECT group_concat(u.name, ', ')
      FROM user u
      WHERE u.id IN (SELECT value FROM json_each(:people_ids))
        AND (u.id = e.owner_id OR u.id IN (SELECT value FROM json_each(e.attendee_ids)))
    ) AS names
  FROM event e
  WHERE e.start_ms < :around__to_ms AND max(e.end_ms, e.start_ms + 900000) > :around__from_ms - 93600000 * e.is_all_day
),
span AS MATERIALIZED (
  SELECT id AS event_id, 'event' AS what, title, kind, start_ms, end_ms, is_all_day, place, account_id,
    cancelled_at_ms, names
  FROM shown
  WHERE names IS NOT NULL
  UNION ALL
  SELECT b.event_id, 'busy', NULL, NULL, b.start_ms, b.end_ms, 0, NULL, NULL, NULL, u.name
  FROM busy b
  JOIN user u ON u.id = b.user_id
  WHERE b.start_ms < :around__to_ms AND b.end_ms > :around__from_ms
    AND b.user_id IN (SELECT value FROM json_each(:people_ids))
    AND NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id)
),
placed AS MATERIALIZED (
  SELECT d.date, d.start_ms AS day_start_ms, d.end_ms AS day_end_ms, s.*,
    max(s.start_ms, d.start_ms) AS from_ms, min(s.end_ms, d.end_ms) AS to_ms
  FROM bounds d
  JOIN span s ON s.start_ms < d.end_ms AND s.end_ms > d.start_ms
),
edge AS (
  SELECT date, from_ms, to_ms FROM placed WHERE is_all_day = 0 AND cancelled_at_ms IS NULL
  UNION ALL
  SELECT date, start_ms, max(end_ms - 57600000, (:now_ms / 900000 + 1) * 900000) FROM bounds
  UNION ALL
  SELECT date, end_ms - 18000000, end_ms - 18000000 FROM bounds
),
gap AS (
  SELECT date,
    max(to_ms) OVER (PARTITION BY date ORDER BY from_ms, to_ms ROWS UNBOUNDED PRECEDING) AS from_ms,
    lead(from_ms) OVER (PARTITION BY date ORDER BY from_ms, to_ms) AS to_ms
  FROM edge
),
item AS MATERIALIZED (
  SELECT * FROM placed
  UNION ALL
  SELECT d.date, d.start_ms, d.end_ms, NULL, 'free', NULL, NULL, g.from_ms, g.to_ms, 0, NULL, NULL, NULL, NULL,
    g.from_ms, g.to_ms
  FROM gap g
  JOIN bounds d ON d.date = g.date
  WHERE :who = 'me' AND g.to_ms - g.from_ms >= 1800000 AND g.to_ms <= d.end_ms - 18000000
),
turn AS MATERIALIZED (
  SELECT date, event_id, names, from_ms, to_ms,
    row_number() OVER (PARTITION BY date ORDER BY from_ms, to_ms DESC, event_id, names) AS k
  FROM item
  WHERE is_all_day = 0 AND what <> 'free'
),
laned (date, k, event_id, names, from_ms, lane, ends) AS (
  SELECT date, 0, NULL, NULL, NULL, NULL, '[]' FROM bounds
  UNION ALL
  SELECT t.date, t.k, t.event_id, t.names, t.from_ms,
    coalesce((SELECT min(key) FROM json_each(l.ends) WHERE value <= t.from_ms), json_array_length(l.ends)),
    json_set(
      l.ends,
      '$[' || coalesce((SELECT min(key) FROM json_each(l.ends) WHERE value <= t.from_ms), json_array_length(l.ends)) || ']',
      t.to_ms
    )
  FROM laned l
  JOIN turn t ON t.date = l.date AND t.k = l.k + 1
)
SELECT
  i.date,
  i.what,
  i.event_id,
  i.title,
  i.kind,
  i.from_ms,
  i.to_ms,
  i.start_ms,
  i.end_ms,
  i.is_all_day,
  i.place,
  i.names,
  i.cancelled_at_ms,
  i.start_ms < i.day_start_ms AS continues_before,
  i.end_ms > i.day_end_ms AS continues_after,
  CASE
    WHEN i.from_ms - i.day_start_ms < 21600000 THEN (i.from_ms - i.day_start_ms) / 900000
    ELSE 96 - (i.day_end_ms - i.from_ms + 899999) / 900000
  END AS from_quarter,
  CASE
    WHEN i.to_ms - i.day_start_ms < 21600000 THEN (i.to_ms - i.day_start_ms + 899999) / 900000
    ELSE 96 - (i.day_end_ms - i.to_ms) / 900000
  END AS to_quarter,
  min(coalesce(l.lane, 0), 3) AS lane,
  i.account_id,
  a.name AS account_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = i.event_id AND o.state <> 'acked') AS is_unsent
FROM item i
LEFT JOIN account a ON a.id = i.account_id
LEFT JOIN laned l ON l.date = i.date AND l.from_ms = i.from_ms AND l.event_id IS i.event_id AND l.names IS i.names
ORDER BY i.date, i.is_all_day DESC, i.from_ms, i.to_ms DESC, i.event_id, i.names;

-- Two of my own appointments at one time: said at both of them.
-- name: clashes :many
WITH mine AS MATERIALIZED (
  SELECT id, title, start_ms, max(end_ms, start_ms + 900000) AS end_ms
  FROM event
  WHERE start_ms < :around__to_ms AND end_ms > :around__from_ms
    AND is_all_day = 0 AND cancelled_at_ms IS NULL
    AND (owner_id = :me OR :me IN (SELECT value FROM json_each(attendee_ids)))
)
SELECT a.id AS event_id, b.id AS other_id, b.title, b.start_ms, b.end_ms
FROM mine a
JOIN mine b ON a.id <> b.id AND a.start_ms < b.end_ms AND b.start_ms < a.end_ms
ORDER BY a.id, b.start_ms, b.id;

-- name: colleagues :many
SELECT id, name FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
