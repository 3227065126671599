-- page: /customers/{id}/summary
-- query: days=90 server=

-- name: account :one
SELECT a.id, a.name, a.next_contact_on, s.last_contact_at_ms
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.id = :id;

-- name: from_ms :value
SELECT CASE WHEN :days = 'all' THEN 0 ELSE day_start_ms(add_days(:today, -CAST(:days AS INTEGER)), :tz) END;

-- name: by_kind :many
SELECT v.kind, count(*) AS times, max(v.at_ms) AS last_ms, sum(v.minutes) AS minutes
FROM activity v
WHERE v.account_id = :id AND v.at_ms >= :from_ms AND v.at_ms <= :now_ms
GROUP BY v.kind
ORDER BY times DESC, v.kind;

-- name: by_person :many
SELECT
  u.id,
  u.name,
  count(*) AS times,
  sum(v.kind = 'visit') AS visits,
  sum(v.kind = 'call') AS calls,
  max(v.at_ms) AS last_ms
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
WHERE v.account_id = :id AND v.at_ms >= :from_ms AND v.at_ms <= :now_ms
GROUP BY v.owner_id
ORDER BY times DESC, u.name, u.id;

-- name: last_visit :maybe
SELECT v.id, v.at_ms, u.name AS by_name
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
WHERE v.account_id = :id AND v.kind = 'visit'
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 1;

-- name: next_event :maybe
WITH due AS (
  SELECT id, NULL AS day, title, start_ms, is_all_day, owner_id
  FROM event
  WHERE account_id = :id AND +rrule IS NULL AND cancelled_at_ms IS NULL AND end_ms >= :now_ms
  UNION ALL
  SELECT id, at ->> 2, title, at ->> 0, is_all_day, owner_id
  FROM (
    SELECT s.*, next_occurrence(s.start_ms, s.end_ms, s.rrule, s.timezone, s.is_all_day, :now_ms) AS at
    FROM event s
    WHERE s.account_id = :id AND s.rrule IS NOT NULL AND s.cancelled_at_ms IS NULL
  ) s
  WHERE NOT EXISTS (SELECT 1 FROM event o WHERE o.series_id = s.id AND o.occurrence_on = s.at ->> 2 AND +o.rrule IS NULL)
)
SELECT e.id, e.title, e.start_ms, u.name AS by_name
FROM due e
LEFT JOIN user u ON u.id = e.owner_id
WHERE e.start_ms IS NOT NULL
ORDER BY e.start_ms, e.id
LIMIT 1;

-- name: open_tasks :many
SELECT t.id, t.title, t.due_on, t.due_on < :today AS is_late, u.name AS assignee_name
FROM task t
LEFT JOIN user u ON u.id = t.assignee_id
WHERE t.account_id = :id AND t.done_at_ms IS NULL
ORDER BY t.due_on IS NULL, t.due_on, t.id
LIMIT 10;

-- name: last_words :many
SELECT v.id, v.kind, v.at_ms, v.body, u.name AS by_name
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
WHERE v.account_id = :id AND v.body <> '' AND v.at_ms >= :from_ms AND v.at_ms <= :now_ms
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 5;
