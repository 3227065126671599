-- page: /handovers
-- query: before=

-- name: handovers :many
SELECT
  h.id,
  h.from_id,
  old.name AS from_name,
  h.to_id,
  new.name AS to_name,
  h.done_at_ms,
  h.received_at_ms,
  h.created_at_ms,
  h.counts ->> '$.account' AS accounts,
  h.to_id = :me AND h.received_at_ms IS NULL AND h.done_at_ms IS NOT NULL AS is_mine_to_receive,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = h.id AND o.state = 'waiting') AS is_unsent,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = h.id AND o.state = 'refused') AS is_refused
FROM handover h
LEFT JOIN user old ON old.id = h.from_id
LEFT JOIN user new ON new.id = h.to_id
WHERE :before = '' OR h.id < :before
ORDER BY h.id DESC
LIMIT 51;

-- Whose customers I may hand over, and how many they have: whoever my data scope reaches.
-- name: people :many
WITH RECURSIVE
mine AS (
  SELECT u.id, u.department_id, r.data_scope, r.is_admin FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me
),
below (id) AS (
  SELECT department_id FROM mine UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
),
reports (id) AS (
  SELECT id FROM mine UNION SELECT u.id FROM user u JOIN reports r ON u.manager_id = r.id
)
SELECT u.id, u.name, u.title, u.is_active, (SELECT count(*) FROM account a WHERE a.owner_id = u.id) AS accounts
FROM user u, mine m
WHERE m.is_admin OR CASE m.data_scope
  WHEN 'everything' THEN 1
  WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
  WHEN 'department' THEN u.department_id = m.department_id
  WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
  ELSE 0
END
ORDER BY u.is_active, u.name, u.id
LIMIT 500;
