-- page: /events/{id}/edit
-- query: account= account_q= on= what=one

-- The day of the series from which something is to change; none for a single appointment, or for all of it.
-- name: day :value
SELECT occurrence_on(start_ms, end_ms, rrule, timezone, is_all_day, :on) ->> 2
FROM event
WHERE id = :id AND :what <> 'all'
  AND NOT (:what = 'following' AND :on IS next_occurrence(start_ms, end_ms, rrule, timezone, is_all_day, start_ms) ->> 2);

-- As part says: the row itself, only the one of that day, or a series that takes over from that day.
-- name: event :one
WITH one AS (
  SELECT e.*, occurrence_on(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :day) AS at
  FROM event e
  WHERE e.id = :id
)
SELECT
  iif(:day IS NULL, 'row', iif(:what = 'following', 'following', 'one')) AS part,
  id,
  iif(:day IS NULL, id, iif(:what = 'following', derived_id(id, :day, 'following'), derived_id(id, :day))) AS row_id,
  version,
  title,
  kind,
  coalesce(at ->> 0, start_ms) AS start_ms,
  coalesce(at ->> 1, end_ms) AS end_ms,
  is_all_day,
  place,
  note,
  account_id,
  remind_minutes,
  local_date(coalesce(at ->> 0, start_ms), iif(is_all_day, coalesce(timezone, :tz), :tz)) AS date,
  owner_id,
  rrule AS whole_rrule,
  iif(:day IS NULL, rrule, iif(:what = 'following', rule_from(start_ms, rrule, timezone, :day), NULL)) AS rrule,
  rule_until(rrule, add_days(:day, -1)) AS earlier_rrule,
  coalesce(timezone, :tz) AS timezone,
  local_date(coalesce(at ->> 0, start_ms), coalesce(timezone, :tz)) AS first_on,
  series_id IS NOT NULL AND rrule IS NULL AS is_override
FROM one;

-- The rule in parts, as the form has them: weekdays are boxes of their own beside "every week".
-- name: repeat :one
WITH rule AS (SELECT rule_parts(:event__rrule, :event__timezone) AS parts)
SELECT
  parts ->> 'body' AS body,
  CASE
    WHEN parts ->> 'body' = 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' THEN parts ->> 'body'
    WHEN parts ->> 'body' LIKE '%WKST%' THEN parts ->> 'body'
    WHEN parts ->> 'body' LIKE 'FREQ=WEEKLY;BYDAY=%' THEN 'FREQ=WEEKLY'
    WHEN parts ->> 'body' LIKE 'FREQ=WEEKLY;INTERVAL=2;BYDAY=%' THEN 'FREQ=WEEKLY;INTERVAL=2'
    ELSE parts ->> 'body'
  END AS chosen,
  parts ->> 'freq' AS freq,
  parts ->> 'interval' AS interval,
  parts ->> 'weekdays' AS weekdays,
  parts ->> 'nth' AS nth,
  parts ->> 'month_days' AS month_days,
  parts ->> 'months' AS months,
  parts ->> 'positions' AS positions,
  parts ->> 'until_on' AS until_on,
  parts ->> 'count' AS count,
  :event__first_on AS first_on,
  (substr(:event__first_on, 9, 2) + 6) / 7 AS place,
  substr(add_days(:event__first_on, 7), 6, 2) <> substr(:event__first_on, 6, 2) AS is_last_week,
  substr(add_days(:event__first_on, 1), 6, 2) <> substr(:event__first_on, 6, 2) AS is_last_day,
  substr('MOTUWETHFRSASU', 2 * weekday(:event__first_on) + 1, 2) AS weekday
FROM rule;

-- Single ones of this series that differ: they go where it goes.
-- name: overrides :many
SELECT id, version FROM event WHERE series_id = :id AND +rrule IS NULL ORDER BY id LIMIT 100;

-- name: account :maybe
SELECT id, name, address FROM account
WHERE id = CASE :account WHEN '' THEN :event__account_id ELSE :account END;

-- Whoever is to be there stays in sight, also when gone since: only so can a refused entry be mended.
-- name: contacts :many
WITH chosen AS (SELECT j.value AS id FROM event e, json_each(e.contact_ids) j WHERE e.id = :id)
SELECT c.id, c.name, c.title, c.id IN (SELECT id FROM chosen) AS is_chosen
FROM contact c
WHERE c.account_id = :account__id OR c.id IN (SELECT id FROM chosen)
UNION ALL
SELECT h.id, NULL, NULL, 1 FROM chosen h WHERE NOT EXISTS (SELECT 1 FROM contact c WHERE c.id = h.id)
ORDER BY is_chosen DESC, name, id
LIMIT 100;

-- name: account_choices :many
SELECT a.id, a.name, a.address
FROM account_stat s
JOIN account a ON a.id = s.account_id
WHERE :account_q = '' AND :account__id IS NULL
ORDER BY s.last_contact_at_ms DESC, a.id
LIMIT 6;

-- name: account_hits :many
SELECT id, name, address FROM account
WHERE :account_q <> '' AND search_key LIKE '%' || fold(:account_q) || '%'
ORDER BY name, id
LIMIT 20;

-- name: colleagues :many
SELECT
  u.id,
  u.name,
  u.title,
  u.id IN (SELECT j.value FROM event e, json_each(e.attendee_ids) j WHERE e.id = :id) AS is_chosen
FROM user u
WHERE (u.is_active = 1 AND u.id <> :event__owner_id)
  OR u.id IN (SELECT j.value FROM event e, json_each(e.attendee_ids) j WHERE e.id = :id)
ORDER BY is_chosen DESC, u.name, u.id;

-- name: everybody :value
SELECT json_group_array(id) FROM user WHERE is_active = 1;

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
person (id) AS MATERIALIZED (SELECT value FROM json_each(:everybody)),
near AS (
  SELECT e.id, NULL AS day, e.start_ms, e.end_ms
  FROM event e
  WHERE +e.rrule IS NULL AND e.end_ms > day_start_ms(:event__date, :tz) - 94500000 AND +e.start_ms < day_start_ms(add_days(:event__date, 1), :tz) + 93600000
  UNION ALL
  SELECT s.id, j.value ->> 2, j.value ->> 0, j.value ->> 1
  FROM event s
  JOIN json_each(occurrences(
    s.start_ms, s.end_ms, s.rrule, s.timezone, s.is_all_day, day_start_ms(:event__date, :tz) - 94500000, day_start_ms(add_days(:event__date, 1), :tz) + 93600000
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
  WHERE (e.owner_id IN person OR EXISTS (SELECT 1 FROM json_each(e.attendee_ids) WHERE value IN person)) AND e.cancelled_at_ms IS NULL AND e.id NOT IN (:id, :event__row_id)
)
SELECT json_group_array(json_array(id, day, from_ms, to_ms) ORDER BY from_ms, id)
FROM filled
WHERE from_ms < day_start_ms(add_days(:event__date, 1), :tz) AND to_ms > day_start_ms(:event__date, :tz);

-- When they are taken by what I may not see, as [person, appointment, from, to].
-- name: busy_spans :value
SELECT json_group_array(json_array(user_id, event_id, from_ms, to_ms) ORDER BY from_ms, user_id, event_id)
FROM (
  SELECT b.user_id, b.event_id, b.start_ms AS from_ms, max(b.end_ms, b.start_ms + 900000) AS to_ms
  FROM busy b
  WHERE b.rrule IS NULL AND b.user_id IN (SELECT value FROM json_each(:everybody))
    AND b.start_ms < day_start_ms(add_days(:event__date, 1), :tz) AND b.end_ms > day_start_ms(:event__date, :tz)
  UNION ALL
  SELECT b.user_id, b.event_id, j.value ->> 0, j.value ->> 1
  FROM busy b
  JOIN json_each(occurrences(b.start_ms, b.end_ms, b.rrule, b.timezone, 0, day_start_ms(:event__date, :tz), day_start_ms(add_days(:event__date, 1), :tz))) j
  WHERE b.rrule IS NOT NULL AND b.user_id IN (SELECT value FROM json_each(:everybody))
    AND NOT EXISTS (SELECT 1 FROM json_each(b.skipped) k WHERE k.value = j.value ->> 2)
) b
WHERE NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id);

-- When colleagues are taken that day, but for this appointment itself.
-- name: busy_times :many
WITH bounds AS (
  SELECT day_start_ms(:event__date, :tz) AS from_ms, day_start_ms(add_days(:event__date, 1), :tz) AS to_ms
)
SELECT u.id AS user_id, max(j.value ->> 2, d.from_ms) AS start_ms, min(j.value ->> 3, d.to_ms) AS end_ms, e.is_all_day
FROM bounds d
CROSS JOIN json_each(:spans) j
CROSS JOIN event e ON e.id = j.value ->> 0
JOIN user u ON u.is_active = 1 AND (u.id = e.owner_id OR u.id IN (SELECT value FROM json_each(e.attendee_ids)))
UNION ALL
SELECT j.value ->> 0, max(j.value ->> 2, d.from_ms), min(j.value ->> 3, d.to_ms), 0
FROM bounds d
JOIN json_each(:busy_spans) j
ORDER BY 1, 2, 3;
