-- page: /customers
-- query: q= level= kind= owner= seen= due= sort=name after= after_id= part= pane= server=

-- Two lists, of which the one that is asked for runs: by name, or by how long nobody was in touch.
-- name: by_name :many
SELECT
  a.id,
  a.name,
  a.name AS key,
  a.level,
  a.kind,
  a.region,
  a.next_contact_on,
  a.next_contact_on <= :today AS is_due,
  u.name AS owner_name,
  a.owner_id = :me AS is_mine,
  s.last_contact_at_ms,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = a.id AND o.state <> 'acked') AS is_unsent
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
LEFT JOIN user u ON u.id = a.owner_id
WHERE :sort <> 'quiet'
  AND (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
  AND (:level = '' OR a.level = :level)
  AND (:kind = '' OR a.kind = :kind)
  AND (:owner = '' OR a.owner_id = CASE :owner WHEN 'me' THEN :me ELSE :owner END)
  AND (:due = '' OR a.next_contact_on <= :today)
  AND CASE :seen
    WHEN '' THEN 1
    WHEN 'never' THEN s.last_contact_at_ms IS NULL
    WHEN 'week' THEN s.last_contact_at_ms >= :now_ms - 604800000
    ELSE coalesce(s.last_contact_at_ms, 0) < :now_ms - CAST(:seen AS INTEGER) * 86400000
  END
  AND (a.name, a.id) > (:after, :after_id)
ORDER BY a.name, a.id
LIMIT 51;

-- name: by_quiet :many
SELECT
  a.id,
  a.name,
  s.last_contact_at_ms AS key,
  a.level,
  a.kind,
  a.region,
  a.next_contact_on,
  a.next_contact_on <= :today AS is_due,
  u.name AS owner_name,
  a.owner_id = :me AS is_mine,
  s.last_contact_at_ms,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = a.id AND o.state <> 'acked') AS is_unsent
FROM account_stat s
CROSS JOIN account a ON a.id = s.account_id
LEFT JOIN user u ON u.id = a.owner_id
WHERE :sort = 'quiet'
  AND (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
  AND (:level = '' OR a.level = :level)
  AND (:kind = '' OR a.kind = :kind)
  AND (:owner = '' OR a.owner_id = CASE :owner WHEN 'me' THEN :me ELSE :owner END)
  AND (:due = '' OR a.next_contact_on <= :today)
  AND CASE :seen
    WHEN '' THEN 1
    WHEN 'never' THEN s.last_contact_at_ms IS NULL
    WHEN 'week' THEN s.last_contact_at_ms >= :now_ms - 604800000
    ELSE coalesce(s.last_contact_at_ms, 0) < :now_ms - CAST(:seen AS INTEGER) * 86400000
  END
  AND (s.last_contact_at_ms, a.id) > (CAST(:after AS INTEGER), :after_id)
ORDER BY s.last_contact_at_ms, a.id
LIMIT 51;

-- Companies found by somebody who works there, below those found by their own name: two walks along
-- an index of names and keys, where one condition with OR would look into every row.
-- name: through_contacts :many
WITH found AS (
  SELECT c.account_id, min(c.name) AS contact_name
  FROM (
    SELECT c.account_id, c.name
    FROM contact c
    WHERE :q <> '' AND :after_id = '' AND c.name >= '' AND c.account_id IS NOT NULL AND c.search_key LIKE '%' || fold(:q) || '%'
    ORDER BY c.name
    LIMIT 60
  ) c
  GROUP BY c.account_id
)
SELECT
  a.id,
  a.name,
  a.level,
  a.kind,
  a.region,
  a.next_contact_on,
  a.next_contact_on <= :today AS is_due,
  u.name AS owner_name,
  a.owner_id = :me AS is_mine,
  s.last_contact_at_ms,
  f.contact_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = a.id AND o.state <> 'acked') AS is_unsent
FROM found f
JOIN account a ON a.id = f.account_id
LEFT JOIN account_stat s ON s.account_id = a.id
LEFT JOIN user u ON u.id = a.owner_id
WHERE coalesce(a.search_key, '') NOT LIKE '%' || fold(:q) || '%'
  AND (:level = '' OR a.level = :level)
  AND (:kind = '' OR a.kind = :kind)
  AND (:owner = '' OR a.owner_id = CASE :owner WHEN 'me' THEN :me ELSE :owner END)
ORDER BY f.contact_name, a.id
LIMIT 20;

-- People of no company, as a phone's address book brings them.
-- name: lone_contacts :many
SELECT c.id, c.name, c.title, EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = c.id AND o.state <> 'acked') AS is_unsent
FROM contact c
WHERE :q <> '' AND :after_id = '' AND c.name >= '' AND c.account_id IS NULL
  AND c.search_key LIKE '%' || fold(:q) || '%'
ORDER BY c.name, c.id
LIMIT 20;

-- name: views :many
SELECT id, name, query, version FROM saved_view WHERE owner_id = :me ORDER BY name, id;

-- name: people :many
SELECT id, name FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
