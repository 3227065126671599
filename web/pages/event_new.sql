-- page: /events/new
-- query: date= time= account= account_q= contact= with= title=

-- A clock time counts from the next midnight once it is past six, so that it is right on days that clocks change.
-- name: event :one
WITH asked AS (
  SELECT
    coalesce(add_days(:date, 0), :today) AS date,
    CASE WHEN :time GLOB '[0-2][0-9]:[0-5][0-9]' THEN substr(:time, 1, 2) * 3600000 + substr(:time, 4, 2) * 60000 END AS clock_ms
),
begun AS (
  SELECT
    date,
    CASE
      WHEN clock_ms < 21600000 THEN day_start_ms(date, :tz) + clock_ms
      WHEN clock_ms IS NOT NULL THEN day_start_ms(add_days(date, 1), :tz) - (86400000 - clock_ms)
      WHEN date = :today THEN (:now_ms / 3600000 + 1) * 3600000
      ELSE day_start_ms(add_days(date, 1), :tz) - 54000000
    END AS start_ms
  FROM asked
)
SELECT
  NULL AS id,
  0 AS version,
  :title AS title,
  'visit' AS kind,
  start_ms,
  start_ms + 3600000 AS end_ms,
  0 AS is_all_day,
  NULL AS place,
  NULL AS note,
  NULL AS account_id,
  NULL AS remind_minutes,
  date
FROM begun;

-- name: account :maybe
SELECT id, name, address FROM account WHERE id = :account;

-- name: contacts :many
SELECT id, name, title, id = :contact AS is_chosen
FROM contact
WHERE account_id = :account__id
ORDER BY is_chosen DESC, name, id
LIMIT 100;

-- Nothing typed: those I was in touch with last.
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
SELECT id, name, title, id = :with AS is_chosen FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;

-- When colleagues are taken that day: from appointments I may see, and from busy times of those I may not.
-- name: busy_times :many
WITH bounds AS (
  SELECT day_start_ms(:event__date, :tz) AS from_ms, day_start_ms(add_days(:event__date, 1), :tz) AS to_ms
)
SELECT u.id AS user_id, max(e.start_ms, d.from_ms) AS start_ms, min(e.end_ms, d.to_ms) AS end_ms, e.is_all_day
FROM bounds d
JOIN event e ON e.start_ms < d.to_ms AND e.end_ms > d.from_ms AND e.cancelled_at_ms IS NULL
JOIN user u ON u.is_active = 1 AND (u.id = e.owner_id OR u.id IN (SELECT value FROM json_each(e.attendee_ids)))
UNION ALL
SELECT b.user_id, max(b.start_ms, d.from_ms), min(b.end_ms, d.to_ms), 0
FROM bounds d
JOIN busy b ON b.start_ms < d.to_ms AND b.end_ms > d.from_ms
WHERE NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id)
ORDER BY 1, 2, 3;
