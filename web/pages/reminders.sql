-- page: /me/reminders

-- When a day's reminders come, when not to be disturbed, and what of reminders is switched off.
-- name: chosen :one
SELECT
  coalesce(p.remind_at, '09:00') AS remind_at,
  p.quiet_from,
  p.quiet_until,
  EXISTS (SELECT 1 FROM json_each(p.notice_off) WHERE value = 'reminder:push') AS is_off
FROM (SELECT 1)
LEFT JOIN preference p ON p.id = :me;

-- What I am to be reminded of: what is due and still of use, and what comes within a month; of a series the next one only.
-- Each source makes one part of `planned`, by the rules of server/reminders, under the same keys.
-- name: reminders :many
WITH RECURSIVE
line (id, origin) AS (
  SELECT id, id FROM event WHERE rrule > '' AND remind_minutes IS NOT NULL
  UNION
  SELECT l.id, e.series_id FROM line l JOIN event e ON e.id = l.origin WHERE e.series_id IS NOT NULL
),
skipped AS MATERIALIZED (
  SELECT l.id, o.occurrence_on AS day FROM line l CROSS JOIN event o ON o.series_id = l.origin WHERE +o.rrule IS NULL
),
put_off AS MATERIALIZED (
  SELECT id, version, key, until_ms FROM snooze WHERE owner_id = :me
),
occurrence AS (
  SELECT e.id, NULL AS series_day, e.start_ms, e.end_ms
  FROM event e
  WHERE e.start_ms > :now_ms - 691200000 AND e.start_ms < :now_ms + 3974400000 AND +e.rrule IS NULL
  UNION ALL
  SELECT s.id, j.value ->> 2, j.value ->> 0, j.value ->> 1
  FROM event s
  JOIN json_each(occurrences(
    s.start_ms, s.end_ms, s.rrule, s.timezone, s.is_all_day, :now_ms - 691200000, :now_ms + 3974400000
  )) j
  WHERE s.rrule > '' AND s.remind_minutes IS NOT NULL AND s.cancelled_at_ms IS NULL
    AND (s.owner_id = :me OR EXISTS (SELECT 1 FROM json_each(s.attendee_ids) WHERE value = :me))
    AND NOT EXISTS (SELECT 1 FROM skipped k WHERE k.id = s.id AND k.day = j.value ->> 2)
),
appointment AS (
  SELECT e.id, o.series_day, o.start_ms, o.end_ms, e.is_all_day, e.remind_minutes, e.title, e.account_id,
    e.updated_by IS NOT :me AND e.rrule IS NULL AS is_news,
    e.updated_at_ms,
    coalesce(o.series_day, local_date(o.start_ms, iif(e.is_all_day, coalesce(e.timezone, :tz), :tz))) AS day
  FROM occurrence o
  CROSS JOIN event e ON e.id = o.id
  WHERE e.remind_minutes IS NOT NULL AND e.cancelled_at_ms IS NULL
    AND (e.owner_id = :me OR EXISTS (SELECT 1 FROM json_each(e.attendee_ids) WHERE value = :me))
),
planned AS (
  SELECT 'event' AS kind, 'event:' || id || ':' || start_ms AS key, id AS row_id, series_day, title, account_id, is_news,
    updated_at_ms, start_ms, is_all_day, day,
    iif(
      is_all_day,
      at_clock(add_days(day, -(remind_minutes / 1440)), :chosen__remind_at, :tz),
      start_ms - remind_minutes * 60000
    ) AS planned_ms,
    iif(
      is_all_day,
      day_start_ms(add_days(day, 1), :tz),
      min(max(end_ms, start_ms + 900000), start_ms + 86400000)
    ) AS until_ms
  FROM appointment
  UNION ALL
  SELECT 'task', 'task:' || t.id || ':' || t.due_on, t.id, NULL, t.title, t.account_id, t.updated_by IS NOT :me,
    t.updated_at_ms, NULL, 0, t.due_on,
    at_clock(t.due_on, :chosen__remind_at, :tz), day_start_ms(add_days(t.due_on, 1), :tz)
  FROM task t
  WHERE t.assignee_id = :me AND t.done_at_ms IS NULL AND t.due_on <= add_days(:today, 31)
  UNION ALL
  SELECT 'contact', 'contact:' || a.id || ':' || a.next_contact_on, a.id, NULL, NULL, a.id, a.updated_by IS NOT :me,
    a.updated_at_ms, NULL, 0, a.next_contact_on,
    at_clock(a.next_contact_on, :chosen__remind_at, :tz), day_start_ms(add_days(a.next_contact_on, 1), :tz)
  FROM account a
  WHERE a.next_contact_on >= add_days(:today, -8) AND a.next_contact_on <= add_days(:today, 31) AND +a.owner_id = :me
),
timed AS (
  SELECT p.*, s.id AS snooze_id, s.version AS snooze_version, s.until_ms AS put_off_ms,
    coalesce(s.until_ms >= 4102444800000, 0) AS is_off,
    iif(s.until_ms < 4102444800000, max(p.planned_ms, s.until_ms), p.planned_ms) AS at_ms
  FROM planned p
  LEFT JOIN put_off s ON s.key = p.key
),
of_use AS (
  SELECT t.*, at_ms > :now_ms AS is_to_come
  FROM timed t
  WHERE (is_news OR at_ms > coalesce(updated_at_ms, 0))
    AND at_ms <= :now_ms + 2678400000
    AND iif(at_ms > planned_ms, max(until_ms, day_start_ms(add_days(local_date(at_ms, :tz), 1), :tz)), until_ms) > :now_ms
),
numbered AS (
  SELECT u.*, row_number() OVER (PARTITION BY row_id, is_to_come, is_off ORDER BY planned_ms, key) AS place
  FROM of_use u
)
SELECT
  n.key,
  n.kind,
  n.title,
  coalesce(a.short_name, a.name) AS name,
  n.start_ms,
  n.day,
  n.is_all_day,
  local_date(n.start_ms, :tz) = local_date(n.at_ms, :tz) AS is_same_day,
  n.at_ms,
  n.put_off_ms,
  n.is_off,
  n.is_to_come,
  coalesce(n.snooze_id, derived_id(n.key, :me)) AS snooze_id,
  n.snooze_version,
  at_clock(add_days(local_date(max(n.at_ms, :now_ms), :tz), 1), :chosen__remind_at, :tz) AS next_day_ms,
  n.planned_ms,
  CASE n.kind
    WHEN 'event' THEN '/events/' || n.row_id || iif(n.series_day IS NULL, '', '?on=' || n.series_day)
    WHEN 'task' THEN '/tasks/' || n.row_id
    ELSE '/customers/' || n.row_id
  END AS address
FROM numbered n
LEFT JOIN account a ON a.id = n.account_id
WHERE n.place = 1 OR n.series_day IS NULL OR n.is_to_come = 0 OR n.put_off_ms > :now_ms
ORDER BY n.at_ms, n.key
LIMIT 200;
