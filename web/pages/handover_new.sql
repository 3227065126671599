-- page: /people/{id}/handover
-- query: q= level= region= to= rest= keep=none until= events=1 tasks=1 back= server=

-- name: person :one
SELECT u.id, u.name, u.is_active FROM user u WHERE u.id = :id;

-- Whose rows my data scope reaches, as the server reckons it: a handover is for whoever reaches the old owner.
-- name: may :value
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

-- Who can take over: the same reach, and for an administrator everybody.
-- name: receivers :many
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
SELECT u.id, u.name FROM user u, mine m
WHERE u.is_active = 1 AND u.id <> :id AND (
  m.is_admin OR u.id = :me OR CASE m.data_scope
    WHEN 'everything' THEN 1
    WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
    WHEN 'department' THEN u.department_id = m.department_id
    WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
    ELSE 0
  END
)
ORDER BY u.name, u.id;

-- name: receiver :maybe
SELECT id, name FROM user WHERE id = :to AND is_active = 1 AND id <> :id;

-- name: rest_receiver :maybe
SELECT id, name FROM user WHERE id = :rest AND is_active = 1 AND id <> :id;

-- The handover that this one undoes: its customers, where they are still with the person.
-- name: undone :maybe
SELECT h.id, h.from_id, u.name AS from_name, u.is_active FROM handover h JOIN user u ON u.id = h.from_id
WHERE h.id = :back AND h.to_id = :id;

-- name: unsent :maybe
SELECT h.id FROM handover h
WHERE h.from_id = :id AND h.done_at_ms IS NULL AND EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = h.id AND o.state = 'waiting')
ORDER BY h.id LIMIT 1;

-- name: levels :many
SELECT coalesce(a.level, '-') AS level, count(*) AS n FROM account a WHERE a.owner_id = :id GROUP BY 1 ORDER BY 1;

-- name: regions :many
SELECT coalesce(a.region, '-') AS region, count(*) AS n FROM account a WHERE a.owner_id = :id GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200;

-- name: is_filtered :value
SELECT :q <> '' OR :level <> '' OR :region <> '' OR :back <> '';

-- Side 1 is what the filters choose, side 0 the rest, with what belongs to no customer. Without a filter all is side 1.
-- name: sides :many
WITH
theirs AS (
  SELECT a.id, (
    (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
    AND (:level = '' OR coalesce(a.level, '-') = :level)
    AND (:region = '' OR coalesce(a.region, '-') = :region)
    AND (:back = '' OR a.id IN (SELECT i.target_id FROM handover_item i WHERE i.handover_id = :back))
  ) AS side
  FROM account a WHERE a.owner_id = :id
),
side (side) AS (SELECT 1 UNION ALL SELECT 0),
accounts AS (SELECT side, count(*) AS n FROM theirs GROUP BY side),
contacts AS (
  SELECT coalesce(t.side, NOT :is_filtered) AS side, count(*) AS n
  FROM contact c LEFT JOIN theirs t ON t.id = c.account_id
  WHERE t.id IS NOT NULL OR (c.account_id IS NULL AND c.owner_id = :id)
  GROUP BY 1
),
events AS (
  SELECT coalesce(t.side, NOT :is_filtered) AS side, count(*) AS n
  FROM event e LEFT JOIN theirs t ON t.id = e.account_id
  WHERE e.owner_id = :id AND (e.end_ms >= :now_ms OR e.rrule IS NOT NULL) AND e.cancelled_at_ms IS NULL
  GROUP BY 1
),
tasks AS (
  SELECT coalesce(t.side, NOT :is_filtered) AS side, count(*) AS n
  FROM task k LEFT JOIN theirs t ON t.id = k.account_id
  WHERE k.done_at_ms IS NULL AND (k.assignee_id = :id OR k.owner_id = :id)
  GROUP BY 1
),
conflicts AS (
  SELECT t.side, count(*) AS n FROM conflict x JOIN theirs t ON t.id = x.account_id WHERE x.settled_at_ms IS NULL GROUP BY t.side
)
SELECT
  s.side,
  coalesce(a.n, 0) AS accounts,
  coalesce(c.n, 0) AS contacts,
  coalesce(e.n, 0) AS events,
  coalesce(k.n, 0) AS tasks,
  coalesce(x.n, 0) AS conflicts
FROM side s
LEFT JOIN accounts a ON a.side = s.side
LEFT JOIN contacts c ON c.side = s.side
LEFT JOIN events e ON e.side = s.side
LEFT JOIN tasks k ON k.side = s.side
LEFT JOIN conflicts x ON x.side = s.side
ORDER BY s.side DESC;

-- The chosen ids, a thousand a line: one handover takes no more. Without a filter none: everything goes.
-- name: batches :many
SELECT g.n / 1000 AS batch, count(*) AS n, group_concat(g.id, ',') AS ids
FROM (
  SELECT a.id, row_number() OVER (ORDER BY a.id) - 1 AS n
  FROM account a
  WHERE a.owner_id = :id AND :is_filtered AND (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
    AND (:level = '' OR coalesce(a.level, '-') = :level)
    AND (:region = '' OR coalesce(a.region, '-') = :region)
    AND (:back = '' OR a.id IN (SELECT i.target_id FROM handover_item i WHERE i.handover_id = :back))
  ORDER BY a.id
) g
GROUP BY 1
ORDER BY 1;

-- What the lists show: the first of each kind on each side.
-- name: accounts :many
SELECT f.id, f.name, f.level, f.region, f.side
FROM (
  SELECT t.id, t.name, t.level, t.region, t.side, row_number() OVER (PARTITION BY t.side ORDER BY t.name, t.id) AS n
  FROM (
    SELECT a.id, a.name, a.level, a.region, (
      (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
    AND (:level = '' OR coalesce(a.level, '-') = :level)
    AND (:region = '' OR coalesce(a.region, '-') = :region)
    AND (:back = '' OR a.id IN (SELECT i.target_id FROM handover_item i WHERE i.handover_id = :back))
    ) AS side
    FROM account a WHERE a.owner_id = :id
  ) t
) f
WHERE f.n <= 50
ORDER BY f.side DESC, f.name, f.id;

-- name: events :many
SELECT e.id, e.title, e.start_ms, e.is_all_day, a.name AS account_name,
  CASE WHEN a.id IS NULL THEN NOT :is_filtered ELSE ((:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
    AND (:level = '' OR coalesce(a.level, '-') = :level)
    AND (:region = '' OR coalesce(a.region, '-') = :region)
    AND (:back = '' OR a.id IN (SELECT i.target_id FROM handover_item i WHERE i.handover_id = :back))) END AS side
FROM event e LEFT JOIN account a ON a.id = e.account_id AND a.owner_id = :id
WHERE e.owner_id = :id AND (e.end_ms >= :now_ms OR e.rrule IS NOT NULL) AND e.cancelled_at_ms IS NULL
ORDER BY e.start_ms, e.id
LIMIT 200;

-- name: tasks :many
SELECT k.id, k.title, k.due_on, a.name AS account_name,
  CASE WHEN a.id IS NULL THEN NOT :is_filtered ELSE ((:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
    AND (:level = '' OR coalesce(a.level, '-') = :level)
    AND (:region = '' OR coalesce(a.region, '-') = :region)
    AND (:back = '' OR a.id IN (SELECT i.target_id FROM handover_item i WHERE i.handover_id = :back))) END AS side
FROM task k LEFT JOIN account a ON a.id = k.account_id AND a.owner_id = :id
WHERE k.done_at_ms IS NULL AND (k.assignee_id = :id OR k.owner_id = :id)
ORDER BY k.due_on IS NULL, k.due_on, k.id
LIMIT 200;

-- name: conflicts :many
SELECT x.id, x.unit, a.name AS account_name,
  ((:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
    AND (:level = '' OR coalesce(a.level, '-') = :level)
    AND (:region = '' OR coalesce(a.region, '-') = :region)
    AND (:back = '' OR a.id IN (SELECT i.target_id FROM handover_item i WHERE i.handover_id = :back))) AS side
FROM conflict x JOIN account a ON a.id = x.account_id
WHERE x.settled_at_ms IS NULL AND a.owner_id = :id
ORDER BY x.id
LIMIT 200;
