-- page: /customers/{id}/people

-- name: account :one
SELECT a.id, a.name, a.owner_id, u.name AS owner_name, u.title AS owner_title
FROM account a LEFT JOIN user u ON u.id = a.owner_id
WHERE a.id = :id;

-- Who works on a customer is decided by its owner, and by whoever's data scope reaches the owner.
-- name: may_share :value
WITH RECURSIVE
mine AS (
  SELECT u.id, u.department_id, r.data_scope FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me
),
below (id) AS (
  SELECT department_id FROM mine UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
),
reports (id) AS (
  SELECT id FROM mine UNION SELECT u.id FROM user u JOIN reports r ON u.manager_id = r.id
)
SELECT :account__owner_id IS NULL OR :account__owner_id = :me OR EXISTS (
  SELECT 1 FROM user u, mine m
  WHERE u.id = :account__owner_id AND CASE m.data_scope
    WHEN 'everything' THEN 1
    WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
    WHEN 'department' THEN u.department_id = m.department_id
    WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
    ELSE 0
  END
);

-- name: members :many
SELECT
  m.id,
  m.version,
  m.user_id,
  u.name,
  u.title,
  m.access,
  m.until_on,
  m.until_on < :today AS is_over,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = m.id AND o.state <> 'acked') AS is_unsent
FROM account_member m
JOIN user u ON u.id = m.user_id
WHERE m.account_id = :id
ORDER BY m.until_on < :today, u.name, m.id
LIMIT 200;

-- name: colleagues :many
SELECT u.id, u.name, u.title FROM user u
WHERE u.is_active = 1 AND u.id IS NOT :account__owner_id
  AND NOT EXISTS (SELECT 1 FROM account_member m WHERE m.account_id = :id AND m.user_id = u.id)
ORDER BY u.name, u.id;
