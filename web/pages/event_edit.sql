-- page: /events/{id}/edit
-- query: account= account_q=

-- name: event :one
SELECT
  id,
  version,
  title,
  kind,
  start_ms,
  end_ms,
  is_all_day,
  place,
  note,
  account_id,
  remind_minutes,
  local_date(start_ms, :tz) AS date,
  owner_id
FROM event WHERE id = :id;

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

-- When colleagues are taken that day, but for this appointment itself.
-- name: busy_times :many
WITH bounds AS (
  SELECT day_start_ms(:event__date, :tz) AS from_ms, day_start_ms(add_days(:event__date, 1), :tz) AS to_ms
)
SELECT u.id AS user_id, max(e.start_ms, d.from_ms) AS start_ms, min(e.end_ms, d.to_ms) AS end_ms, e.is_all_day
FROM bounds d
JOIN event e ON e.start_ms < d.to_ms AND e.end_ms > d.from_ms AND e.cancelled_at_ms IS NULL AND e.id <> :id
JOIN user u ON u.is_active = 1 AND (u.id = e.owner_id OR u.id IN (SELECT value FROM json_each(e.attendee_ids)))
UNION ALL
SELECT b.user_id, max(b.start_ms, d.from_ms), min(b.end_ms, d.to_ms), 0
FROM bounds d
JOIN busy b ON b.start_ms < d.to_ms AND b.end_ms > d.from_ms
WHERE NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id)
ORDER BY 1, 2, 3;
