-- page: /activities/new
-- query: account= contact= event= kind=visit q= on=

-- name: event :maybe
SELECT e.id, e.title, e.kind, e.account_id, e.contact_ids,
  coalesce(occurrence_on(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :on) ->> 0, e.start_ms) AS start_ms,
  coalesce(occurrence_on(e.start_ms, e.end_ms, e.rrule, e.timezone, e.is_all_day, :on) ->> 1, e.end_ms) AS end_ms
FROM event e
WHERE e.id = :event;

-- name: contact :maybe
SELECT id, name, account_id FROM contact WHERE id = :contact;

-- name: account :maybe
SELECT id, name, version, next_contact_on, next_contact_on <= :today AS is_due
FROM account
WHERE id = coalesce(nullif(:account, ''), :event__account_id, :contact__account_id);

-- name: contacts :many
SELECT
  c.id,
  c.name,
  c.title,
  c.id = :contact OR c.id IN (SELECT value FROM json_each(:event__contact_ids)) AS is_chosen
FROM contact c
WHERE c.account_id = :account__id
ORDER BY is_chosen DESC, c.name, c.id
LIMIT 100;

-- Whom I was in touch with last stands first: mostly it is one of them.
-- name: recent :many
WITH mine AS (
  SELECT account_id, max(at_ms) AS at_ms
  FROM (SELECT account_id, at_ms FROM activity WHERE owner_id = :me AND account_id IS NOT NULL ORDER BY at_ms DESC LIMIT 100)
  GROUP BY account_id
)
SELECT a.id, a.version, a.name, a.region, m.at_ms AS last_ms
FROM mine m
JOIN account a ON a.id = m.account_id
WHERE :q = '' AND :account__id IS NULL
ORDER BY m.at_ms DESC, a.id
LIMIT 6;

-- name: others :many
WITH mine AS (
  SELECT DISTINCT account_id
  FROM (SELECT account_id FROM activity WHERE owner_id = :me AND account_id IS NOT NULL ORDER BY at_ms DESC LIMIT 100)
)
SELECT a.id, a.version, a.name, a.region
FROM account a
WHERE :q = '' AND :account__id IS NULL AND a.id NOT IN (SELECT account_id FROM mine)
ORDER BY a.name, a.id
LIMIT max(0, 6 - (SELECT count(*) FROM mine));

-- name: hits :many
SELECT a.id, a.version, a.name, a.region
FROM account a
WHERE :q <> '' AND :account__id IS NULL AND a.name >= '' AND a.search_key LIKE '%' || fold(:q) || '%'
ORDER BY a.name, a.id
LIMIT 12;

-- name: contact_hits :many
WITH found AS (
  SELECT c.account_id, min(c.name) AS contact_name
  FROM (
    SELECT c.account_id, c.name
    FROM contact c
    WHERE :q <> '' AND :account__id IS NULL AND c.name >= '' AND c.account_id IS NOT NULL AND c.search_key LIKE '%' || fold(:q) || '%'
    ORDER BY c.name
    LIMIT 40
  ) c
  GROUP BY c.account_id
)
SELECT a.id, a.version, a.name, f.contact_name
FROM found f
JOIN account a ON a.id = f.account_id
WHERE coalesce(a.search_key, '') NOT LIKE '%' || fold(:q) || '%'
ORDER BY f.contact_name, a.id
LIMIT 12;

-- name: days :one
SELECT add_days(:today, 1) AS tomorrow, add_days(:today, 3) AS soon, add_days(:today, 7) AS week, add_days(:today, 14) AS fortnight, add_days(:today, 28) AS month;
