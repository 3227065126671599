-- page: /people/{id}

-- name: person :one
SELECT
  u.id,
  u.name,
  u.title,
  u.is_active,
  d.name AS department_name,
  u.manager_id,
  manager.name AS manager_name,
  role.name AS role_name
FROM user u
LEFT JOIN department d ON d.id = u.department_id
LEFT JOIN user manager ON manager.id = u.manager_id
LEFT JOIN role ON role.id = u.role_id
WHERE u.id = :id;

-- Whose customers I may hand over: those of whoever my data scope reaches, and for an administrator anybody's.
-- name: may_hand_over :value
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
SELECT EXISTS (
  SELECT 1 FROM user u, mine m
  WHERE u.id = :id AND (m.is_admin OR CASE m.data_scope
    WHEN 'everything' THEN 1
    WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
    WHEN 'department' THEN u.department_id = m.department_id
    WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
    ELSE 0
  END)
);

-- name: phones :many
SELECT j.value AS phone FROM user u, json_each(u.phones) j WHERE u.id = :id ORDER BY j.key;

-- name: emails :many
SELECT j.value AS email FROM user u, json_each(u.emails) j WHERE u.id = :id ORDER BY j.key;

-- name: reports :many
SELECT id, name, title FROM user WHERE manager_id = :id AND is_active = 1 ORDER BY name, id;

-- The days ahead: what I may see, and otherwise only that the person is busy.
-- name: ahead :many
SELECT e.id AS event_id, e.title, e.start_ms, e.end_ms, e.is_all_day, a.name AS account_name, local_date(e.start_ms, :tz) AS date
FROM event e
LEFT JOIN account a ON a.id = e.account_id
WHERE e.end_ms > :now_ms AND e.start_ms < day_start_ms(add_days(:today, 7), :tz)
  AND e.cancelled_at_ms IS NULL
  AND (e.owner_id = :id OR :id IN (SELECT value FROM json_each(e.attendee_ids)))
UNION ALL
SELECT NULL, NULL, b.start_ms, b.end_ms, 0, NULL, local_date(b.start_ms, :tz)
FROM busy b
WHERE b.user_id = :id AND b.end_ms > :now_ms AND b.start_ms < day_start_ms(add_days(:today, 7), :tz)
  AND NOT EXISTS (SELECT 1 FROM event seen WHERE seen.id = b.event_id)
ORDER BY 3, 1;

-- name: accounts :many
SELECT a.id, a.name, a.level, a.region, s.last_contact_at_ms
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.owner_id = :id
ORDER BY s.last_contact_at_ms DESC, a.name, a.id
LIMIT 30;

-- name: activities :many
SELECT v.id, v.kind, v.body, v.at_ms, v.account_id, a.name AS account_name
FROM activity v
LEFT JOIN account a ON a.id = v.account_id
WHERE v.owner_id = :id
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 10;
