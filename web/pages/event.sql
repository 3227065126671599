-- page: /events/{id}
-- query: on=

-- The row that is shown: of a day of a series that goes its own way, that day's.
-- name: shown :value
SELECT coalesce(
  (SELECT o.id FROM event o WHERE :on <> '' AND o.series_id = :id AND o.occurrence_on = :on AND +o.rrule IS NULL ORDER BY o.id LIMIT 1),
  :id
);

-- Of a series, the day that is shown: as asked, else the next one, else the last one known.
-- name: day :value
SELECT coalesce(
  occurrence_on(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :on) ->> 2,
  (
    SELECT j.value ->> 2
    FROM json_each(occurrences(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :now_ms, :now_ms + 31536000000)) j
    WHERE NOT EXISTS (SELECT 1 FROM event o WHERE o.series_id = e.id AND o.occurrence_on = j.value ->> 2 AND +o.rrule IS NULL)
    ORDER BY j.key
    LIMIT 1
  ),
  next_occurrence(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :now_ms) ->> 2,
  next_occurrence(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, e.start_ms) ->> 2
)
FROM event e
WHERE e.id = :shown AND e.rrule IS NOT NULL;

-- from_ms, to_ms: the time that it takes; whole days are the reader's days.  as_row: what a day of a series is, as a
-- row of its own would say it.
-- name: event :one
WITH one AS (
  SELECT e.*, occurrence_on(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :day) AS at
  FROM event e
  WHERE e.id = :shown
),
timed AS (
  SELECT one.*, coalesce(at ->> 0, start_ms) AS at_ms, coalesce(at ->> 1, end_ms) AS until_ms,
    iif(is_all_day, coalesce(timezone, :tz), :tz) AS zone
  FROM one
)
SELECT
  e.id,
  e.title,
  e.kind,
  e.at_ms AS start_ms,
  e.until_ms AS end_ms,
  e.is_all_day,
  local_date(e.at_ms, e.zone) AS first_on,
  local_date(max(e.at_ms, e.until_ms - 1), e.zone) AS last_on,
  iif(e.is_all_day, day_start_ms(local_date(e.at_ms, e.zone), :tz), e.at_ms) AS from_ms,
  iif(
    e.is_all_day,
    day_start_ms(add_days(local_date(max(e.at_ms, e.until_ms - 1), e.zone), 1), :tz),
    max(e.until_ms, e.at_ms + 900000)
  ) AS to_ms,
  coalesce(e.place, a.address) AS place,
  e.note,
  e.account_id,
  a.name AS account_name,
  e.owner_id,
  owner.name AS owner_name,
  e.remind_minutes,
  e.cancelled_at_ms,
  e.version,
  e.rrule,
  e.timezone,
  e.series_id,
  e.occurrence_on,
  iif(e.rrule IS NULL, NULL, :day) AS day,
  derived_id(e.id, :day) AS day_id,
  iif(e.at IS NULL, NULL, rule_until(e.rrule, add_days(:day, -1))) AS earlier_rrule,
  next_occurrence(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, e.start_ms) ->> 2 IS :day AS is_first,
  (
    SELECT json_group_array(p.value)
    FROM (SELECT e.owner_id AS value UNION SELECT value FROM json_each(e.attendee_ids)) p
    WHERE p.value IS NOT NULL
  ) AS people_ids,
  json_object(
    'title', e.title, 'kind', e.kind, 'start_ms', e.at_ms, 'end_ms', e.until_ms, 'is_all_day', e.is_all_day,
    'place', e.place, 'note', e.note, 'account_id', e.account_id, 'remind_minutes', e.remind_minutes,
    'contact_ids', json(coalesce(e.contact_ids, '[]')), 'attendee_ids', json(coalesce(e.attendee_ids, '[]')),
    'timezone', e.timezone, 'series_id', e.id, 'occurrence_on', :day, 'owner_id', e.owner_id
  ) AS as_row,
  e.owner_id = :me OR :me IN (SELECT value FROM json_each(e.attendee_ids)) AS is_mine,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = e.id AND o.state <> 'acked') AS is_unsent,
  (SELECT x.id FROM conflict x WHERE x.target_id = e.id AND x.settled_at_ms IS NULL ORDER BY x.id LIMIT 1) AS conflict_id
FROM timed e
LEFT JOIN account a ON a.id = e.account_id
LEFT JOIN user owner ON owner.id = e.owner_id;

-- The rule in parts; of a day that goes its own way, the rule of its series.
-- name: repeat :maybe
SELECT
  s.id,
  s.title,
  p.value ->> 'freq' AS freq,
  p.value ->> 'interval' AS interval,
  p.value ->> 'weekdays' AS weekdays,
  p.value ->> 'nth' AS nth,
  p.value ->> 'month_days' AS month_days,
  p.value ->> 'months' AS months,
  p.value ->> 'positions' AS positions,
  p.value ->> 'until_on' AS until_on,
  p.value ->> 'count' AS count,
  p.value ->> 'body' AS body,
  local_date(s.start_ms, s.timezone) AS first_on
FROM event s
JOIN json_each(json_array(json(rule_parts(s.rrule, s.timezone)))) p ON p.type = 'object'
WHERE s.id = iif(:event__rrule IS NULL, :event__series_id, :event__id);

-- Single ones of the series, from the day on that is shown: what becomes of all becomes of them.
-- name: overrides :many
SELECT id, version, occurrence_on >= :event__day AS is_later
FROM event
WHERE series_id = :event__id AND +rrule IS NULL AND cancelled_at_ms IS NULL
ORDER BY id
LIMIT 100;

-- What reminded me of it, to be put off, until it is over.
-- name: reminder :maybe
SELECT r.key, derived_id(r.key, :me) AS snooze_id, s.version AS snooze_version, s.until_ms AS put_off_ms,
  at_clock(add_days(:today, 1), r.remind_at, :tz) AS next_day_ms
FROM (
  SELECT 'event:' || :event__id || ':' || :event__start_ms AS key,
    coalesce((SELECT remind_at FROM preference WHERE id = :me), '09:00') AS remind_at
) r
LEFT JOIN snooze s ON s.id = derived_id(r.key, :me)
WHERE :event__is_mine AND :event__cancelled_at_ms IS NULL AND :event__to_ms > :now_ms
  AND iif(
    :event__is_all_day,
    at_clock(add_days(:event__first_on, -(:event__remind_minutes / 1440)), r.remind_at, :tz),
    :event__start_ms - :event__remind_minutes * 60000
  ) <= :now_ms;

-- name: contacts :many
SELECT c.id, c.name, c.title, c.phones ->> 0 AS phone
FROM contact c
WHERE c.id IN (SELECT j.value FROM event e, json_each(e.contact_ids) j WHERE e.id = :shown)
ORDER BY c.name, c.id;

-- name: people :many
SELECT u.id, u.name, u.title, u.id = :event__owner_id AS is_owner
FROM user u
WHERE u.id = :event__owner_id OR u.id IN (SELECT j.value FROM event e, json_each(e.attendee_ids) j WHERE e.id = :shown)
ORDER BY is_owner DESC, u.name, u.id;

-- What is looked through for clashes and for free times: the time itself, and where it is still to come, the days after.
-- name: window :one
SELECT
  min(:event__from_ms, iif(:event__to_ms > :now_ms, max(:event__from_ms, day_start_ms(:today, :tz)), :event__from_ms)) AS from_ms,
  iif(:event__to_ms > :now_ms, day_start_ms(add_days(max(:event__first_on, :today), 10), :tz), :event__to_ms) AS to_ms;

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
person (id) AS MATERIALIZED (SELECT value FROM json_each(:event__people_ids)),
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
  WHERE b.rrule IS NULL AND b.user_id IN (SELECT value FROM json_each(:event__people_ids))
    AND b.start_ms < :window__to_ms AND b.end_ms > :window__from_ms
  UNION ALL
  SELECT b.user_id, b.event_id, j.value ->> 0, j.value ->> 1
  FROM busy b
  JOIN json_each(occurrences(b.start_ms, b.end_ms, b.rrule, b.timezone, 0, :window__from_ms, :window__to_ms)) j
  WHERE b.rrule IS NOT NULL AND b.user_id IN (SELECT value FROM json_each(:event__people_ids))
    AND NOT EXISTS (SELECT 1 FROM json_each(b.skipped) k WHERE k.value = j.value ->> 2)
) b
WHERE NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id);

-- Whoever takes part and has something else at that time, unless it is meant; a title only where I may see it.
-- name: clashes :many
WITH person AS (
  SELECT u.id, u.name FROM user u WHERE u.id IN (SELECT value FROM json_each(:event__people_ids))
),
other AS (
  SELECT o.id, o.title, o.is_all_day, o.owner_id, o.attendee_ids, j.value ->> 1 AS day, j.value ->> 2 AS from_ms, j.value ->> 3 AS to_ms
  FROM json_each(:spans) j
  CROSS JOIN event o ON o.id = j.value ->> 0
  WHERE o.id <> :event__id AND j.value ->> 2 < :event__to_ms AND j.value ->> 3 > :event__from_ms
)
SELECT p.id AS user_id, p.name, o.id AS event_id, o.day, o.title, o.from_ms AS start_ms, o.to_ms AS end_ms, o.is_all_day
FROM other o
JOIN person p ON p.id = o.owner_id OR p.id IN (SELECT value FROM json_each(o.attendee_ids))
WHERE :event__cancelled_at_ms IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM clash_kept k
    WHERE k.user_id = p.id
      AND ((k.event_id = :event__id AND k.other_id = o.id) OR (k.event_id = o.id AND k.other_id = :event__id))
  )
UNION ALL
SELECT p.id, p.name, NULL, NULL, NULL, j.value ->> 2, j.value ->> 3, 0
FROM json_each(:busy_spans) j
JOIN person p ON p.id = j.value ->> 0
WHERE :event__cancelled_at_ms IS NULL AND j.value ->> 1 <> :event__id
  AND j.value ->> 2 < :event__to_ms AND j.value ->> 3 > :event__from_ms
ORDER BY 2, 6, 3;

-- name: kept :many
SELECT k.id, k.version, o.id AS event_id, o.title
FROM clash_kept k
JOIN event o ON o.id = iif(k.event_id = :event__id, k.other_id, k.event_id)
WHERE k.user_id = :me AND :event__id IN (k.event_id, k.other_id) AND o.cancelled_at_ms IS NULL
ORDER BY o.title, k.id;

-- name: taken :value
SELECT json_group_array(json_array(from_ms, to_ms))
FROM (
  SELECT j.value ->> 2 AS from_ms, j.value ->> 3 AS to_ms
  FROM json_each(:spans) j
  WHERE j.value ->> 0 <> :event__id OR j.value ->> 1 IS NOT :event__day
  UNION ALL
  SELECT j.value ->> 2, j.value ->> 3 FROM json_each(:busy_spans) j WHERE j.value ->> 1 <> :event__id
);

-- When it could be instead: on its day and on working days after it, near the same clock time, when everybody who
-- takes part is free.  A clock time counts from the midnight after, so that it is right on days that clocks change.
-- name: free_slots :many
WITH RECURSIVE
step (days) AS (SELECT 0 UNION ALL SELECT days + 1 FROM step WHERE days < 8),
quarter (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM quarter WHERE n < 21),
this AS (
  SELECT
    max(:event__first_on, :today) AS base_on,
    :event__start_ms - day_start_ms(add_days(:event__first_on, 1), :tz) AS clock_ms,
    :event__end_ms - :event__start_ms AS length_ms
),
day AS MATERIALIZED (
  SELECT s.days, add_days(t.base_on, s.days) AS date, day_start_ms(add_days(t.base_on, s.days + 1), :tz) AS end_ms
  FROM this t, step s
  WHERE s.days = 0 OR weekday(add_days(t.base_on, s.days)) < 5
),
candidate AS MATERIALIZED (
  SELECT d.days, d.end_ms + t.clock_ms AS start_ms, t.length_ms, 0 AS away_ms FROM this t, day d
  UNION ALL
  SELECT d.days, d.end_ms - 57600000 + q.n * 1800000, t.length_ms, abs(q.n * 1800000 - 57600000 - t.clock_ms)
  FROM this t, day d, quarter q
  WHERE q.n * 1800000 + t.length_ms <= 39600000
),
busy_time AS MATERIALIZED (SELECT j.value ->> 0 AS from_ms, j.value ->> 1 AS to_ms FROM json_each(:taken) j),
free AS (
  SELECT c.*, row_number() OVER (
    PARTITION BY c.days, iif(c.days = 0, c.start_ms < :event__start_ms, 0) ORDER BY c.away_ms, c.start_ms
  ) AS place
  FROM candidate c
  WHERE c.start_ms > :now_ms AND c.start_ms <> :event__start_ms
    AND NOT EXISTS (
      SELECT 1 FROM busy_time t WHERE t.from_ms < c.start_ms + max(c.length_ms, 900000) AND t.to_ms > c.start_ms
    )
)
SELECT days, start_ms, start_ms + length_ms AS end_ms
FROM free
WHERE place = 1 AND :event__is_all_day = 0
ORDER BY days, start_ms
LIMIT 5;

-- The same clock time on a later day, also where the clocks change in between.
-- name: moves :many
WITH step (days) AS (VALUES (1), (7)),
moved AS (
  SELECT
    s.days,
    add_days(local_date(:event__start_ms, :tz), s.days) AS date,
    :event__start_ms - day_start_ms(local_date(:event__start_ms, :tz), :tz) AS since_midnight,
    day_start_ms(add_days(local_date(:event__start_ms, :tz), 1), :tz) - :event__start_ms AS until_midnight,
    :event__end_ms - :event__start_ms AS length_ms
  FROM step s
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
WHERE v.event_id = :event__id AND v.account_id IS :event__account_id
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
WHERE m.target_id = :event__id AND m.target_entity = 'event'
ORDER BY m.created_at_ms, m.id;

-- name: colleagues :many
SELECT id, name, title FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
