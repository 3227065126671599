-- page: /contacts/{id}
-- query: server=

-- name: contact :one
SELECT
  c.id,
  c.version,
  c.name,
  c.title,
  c.department,
  c.influence,
  c.phones,
  c.emails,
  c.wechat,
  c.address,
  c.birthday,
  c.tags,
  c.note,
  c.account_id,
  a.name AS account_name,
  c.owner_id,
  u.name AS owner_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = c.id AND o.state <> 'acked') AS is_unsent
FROM contact c
LEFT JOIN account a ON a.id = c.account_id
LEFT JOIN user u ON u.id = c.owner_id
WHERE c.id = :id;

-- Here to look only: see account.sql.
-- name: may_only_look :value
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
SELECT EXISTS (
  SELECT 1 FROM account a JOIN account_member m ON m.account_id = a.id JOIN user u ON u.id = a.owner_id, mine i
  WHERE a.id = :contact__account_id AND a.owner_id IS NOT :me AND m.user_id = :me
    AND (m.until_on IS NULL OR m.until_on >= :today)
    AND NOT CASE i.data_scope
      WHEN 'everything' THEN 1
      WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
      WHEN 'department' THEN u.department_id IS i.department_id
      WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
      ELSE 0
    END
  GROUP BY a.id HAVING max(m.access = 'write') = 0
);

-- name: conflicts :many
SELECT x.id, x.kind FROM conflict x
WHERE x.target_id = :id AND x.settled_at_ms IS NULL
ORDER BY x.id LIMIT 5;

-- name: relations :many
SELECT r.id, r.owner_id = :me AS is_mine, r.note, r.role AS they_are, r.reverse_role AS we_are, NULL AS near_name,
  r.to_account_id AS other_account_id, ta.name AS other_account_name, r.to_contact_id AS other_contact_id, tc.name AS other_contact_name
FROM relation r
LEFT JOIN account ta ON ta.id = r.to_account_id
LEFT JOIN contact tc ON tc.id = r.to_contact_id
WHERE r.from_contact_id = :id
UNION ALL
SELECT r.id, r.owner_id = :me, r.note, r.reverse_role, r.role, NULL,
  r.from_account_id, fa.name, r.from_contact_id, fc.name
FROM relation r
LEFT JOIN account fa ON fa.id = r.from_account_id
LEFT JOIN contact fc ON fc.id = r.from_contact_id
WHERE r.to_contact_id = :id
ORDER BY 8, 10, 1
LIMIT 100;

-- name: timeline :many
SELECT * FROM (
  SELECT 'activity' AS type, v.id, v.kind, v.at_ms, v.body, u.name AS by_name,
    EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = v.id AND o.state <> 'acked') AS is_unsent
  FROM activity v
  LEFT JOIN user u ON u.id = v.owner_id
  WHERE (
      v.account_id = :contact__account_id
      OR (:contact__account_id IS NULL AND v.account_id IS NULL AND v.owner_id = :contact__owner_id)
    )
    AND instr(v.contact_ids, '"' || :id || '"')
  ORDER BY v.at_ms DESC, v.id DESC
  LIMIT 50
)
UNION ALL
SELECT * FROM (
  SELECT 'comment', m.id, 'comment', m.created_at_ms, m.body, u.name,
    EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = m.id AND o.state <> 'acked')
  FROM comment m
  LEFT JOIN user u ON u.id = m.owner_id
  WHERE m.target_id = :id AND m.target_entity = 'contact'
  ORDER BY m.created_at_ms DESC, m.id DESC
  LIMIT 50
)
ORDER BY 4 DESC, 2 DESC
LIMIT 50;
