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
person (id) AS MATERIALIZED (SELECT value FROM json_each(:people_ids)),
near AS (
  SELECT e.id, NULL AS day, e.start_ms, e.end_ms
  FROM event e
  WHERE +e.rrule IS NULL AND e.end_ms > :around__from_ms - 94500000 AND +e.start_ms < :around__to_ms + 93600000
  UNION ALL
  SELECT s.id, j.value ->> 2, j.value ->> 0, j.value ->> 1
  FROM event s
  JOIN json_each(occurrences(
    s.start_ms, s.end_ms, s.rrule, s.timezone, s.is_all_day, :around__from_ms - 94500000, :around__to_ms + 93600000
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
  WHERE (e.owner_id IN person OR EXISTS (SELECT 1 FROM json_each(e.attendee_ids) WHERE value IN person))
)
SELECT json_group_array(json_array(id, day, from_ms, to_ms) ORDER BY from_ms, id)
FROM filled
WHERE from_ms < :around__to_ms AND to_ms > :around__from_ms;

-- When they are taken by what I may not see, as [person, appointment, from, to].
-- name: busy_spans :value
SELECT json_group_array(json_array(user_id, event_id, from_ms, to_ms) ORDER BY from_ms, user_id, event_id)
FROM (
  SELECT b.user_id, b.event_id, b.start_ms AS from_ms, max(b.end_ms, b.start_ms + 900000) AS to_ms
  FROM busy b
  WHERE b.rrule IS NULL AND b.user_id IN (SELECT value FROM json_each(:people_ids))
    AND b.start_ms < :around__to_ms AND b.end_ms > :around__from_ms
  UNION ALL
  SELECT b.user_id, b.event_id, j.value ->> 0, j.value ->> 1
  FROM busy b
  JOIN json_each(occurrences(b.start_ms, b.end_ms, b.rrule, b.timezone, 0, :around__from_ms, :around__to_ms)) j
  WHERE b.rrule IS NOT NULL AND b.user_id IN (SELECT value FROM json_each(:people_ids))
    AND NOT EXISTS (SELECT 1 FROM json_each(b.skipped) k WHERE k.value = j.value ->> 2)
) b
WHERE NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id);

-- name: my_spans :value
SELECT json_group_array(json(j.value) ORDER BY j.key)
FROM json_each(:spans) j
CROSS JOIN event e ON e.id = j.value ->> 0
WHERE e.cancelled_at_ms IS NULL AND (e.owner_id = :me OR :me IN (SELECT value FROM json_each(e.attendee_ids)));

-- Where I am to be in two places at once, unless I meant it, as [appointment, from, other appointment, its from, its to]:
-- said at both of them.
-- name: clashes :value
WITH span AS MATERIALIZED (
  SELECT j.key AS place, j.value ->> 0 AS id, j.value ->> 2 AS from_ms, j.value ->> 3 AS to_ms FROM json_each(:my_spans) j
),
pair AS MATERIALIZED (
  SELECT p.value ->> 0 AS one, p.value ->> 1 AS other FROM json_each(overlapping(:my_spans)) p
  UNION ALL
  SELECT p.value ->> 1, p.value ->> 0 FROM json_each(overlapping(:my_spans)) p
)
SELECT json_group_array(json_array(a.id, a.from_ms, b.id, b.from_ms, b.to_ms) ORDER BY p.one, p.other)
FROM pair p
JOIN span a ON a.place = p.one
JOIN span b ON b.place = p.other
WHERE NOT EXISTS (
  SELECT 1 FROM clash_kept k
  WHERE k.user_id = :me AND ((k.event_id = a.id AND k.other_id = b.id) OR (k.event_id = b.id AND k.other_id = a.id))
);

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
    j.value ->> 1 AS occurrence_on, j.value ->> 2 AS start_ms, j.value ->> 3 AS end_ms,
    (
      SELECT group_concat(u.name, ', ')
      FROM user u
      WHERE u.id IN (SELECT value FROM json_each(:people_ids))
        AND (u.id = e.owner_id OR u.id IN (SELECT value FROM json_each(e.attendee_ids)))
    ) AS names
  FROM json_each(:spans) j
  CROSS JOIN event e ON e.id = j.value ->> 0
),
span AS MATERIALIZED (
  SELECT id AS event_id, 'event' AS what, title, kind, start_ms, end_ms, is_all_day, place, account_id,
    cancelled_at_ms, names, occurrence_on
  FROM shown
  UNION ALL
  SELECT j.value ->> 1, 'busy', NULL, NULL, j.value ->> 2, j.value ->> 3, 0, NULL, NULL, NULL, u.name, NULL
  FROM json_each(:busy_spans) j
  JOIN user u ON u.id = j.value ->> 0
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
  SELECT d.date, d.start_ms, d.end_ms, NULL, 'free', NULL, NULL, g.from_ms, g.to_ms, 0, NULL, NULL, NULL, NULL, NULL,
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
clash AS MATERIALIZED (
  SELECT j.value ->> 0 AS event_id, j.value ->> 1 AS at_ms, count(*) AS total,
    json_group_array(json_array(o.title, j.value ->> 3, j.value ->> 4, o.is_all_day) ORDER BY j.key)
      FILTER (WHERE j.n <= 3) AS others
  FROM (
    SELECT key, value, row_number() OVER (PARTITION BY value ->> 0, value ->> 1 ORDER BY key) AS n FROM json_each(:clashes)
  ) j
  JOIN event o ON o.id = j.value ->> 2
  GROUP BY 1, 2
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
  i.occurrence_on,
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
  c.others AS overlaps,
  c.total AS overlap_count,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = i.event_id AND o.state <> 'acked') AS is_unsent
FROM item i
LEFT JOIN account a ON a.id = i.account_id
LEFT JOIN clash c ON c.event_id = i.event_id AND c.at_ms = i.start_ms AND i.what = 'event'
LEFT JOIN laned l ON l.date = i.date AND l.from_ms = i.from_ms AND l.event_id IS i.event_id AND l.names IS i.names
ORDER BY i.date, i.is_all_day DESC, i.from_ms, i.to_ms DESC, i.event_id, i.names;

-- name: colleagues :many
SELECT id, name FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
