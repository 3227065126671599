-- page: /handovers/{id}
-- query: show=

-- name: handover :one
SELECT
  h.id,
  h.version,
  h.from_id,
  old.name AS from_name,
  old.is_active AS from_is_active,
  h.to_id,
  new.name AS to_name,
  h.owner_id,
  maker.name AS owner_name,
  h.account_ids,
  h.keep,
  h.keep_until,
  h.with_events,
  h.with_tasks,
  h.note,
  h.created_at_ms,
  h.done_at_ms,
  h.received_at_ms,
  h.counts ->> '$.account' AS accounts,
  h.counts ->> '$.contact' AS contacts,
  h.counts ->> '$.event' AS events,
  h.counts ->> '$.task' AS tasks,
  h.to_id = :me AND h.received_at_ms IS NULL AND h.done_at_ms IS NOT NULL AS is_mine_to_receive,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = h.id AND o.state = 'waiting') AS is_unsent,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = h.id AND o.state = 'refused') AS is_refused
FROM handover h
LEFT JOIN user old ON old.id = h.from_id
LEFT JOIN user new ON new.id = h.to_id
LEFT JOIN user maker ON maker.id = h.owner_id
WHERE h.id = :id;

-- Giving it back is a handover of its own: for whoever reaches the one who has it now.
-- name: may_undo :value
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
  WHERE u.id = :handover__to_id AND :handover__from_is_active = 1 AND :handover__done_at_ms IS NOT NULL
    AND (m.is_admin OR CASE m.data_scope
      WHEN 'everything' THEN 1
      WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
      WHEN 'department' THEN u.department_id = m.department_id
      WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
      ELSE 0
    END)
);

-- Each customer with what comes next there; names as they were then.
-- name: accounts :many
WITH
event_items AS (
  SELECT i.account_id, min(i.at_ms) AS at_ms, count(*) AS n FROM handover_item i
  WHERE i.handover_id = :id AND i.target_entity = 'event' GROUP BY i.account_id
),
task_items AS (
  SELECT i.account_id, group_concat(i.title, '; ') AS titles, count(*) AS n, min(i.due_on) AS due_on
  FROM (SELECT * FROM handover_item WHERE handover_id = :id AND target_entity = 'task' ORDER BY due_on IS NULL, due_on, id) i
  GROUP BY i.account_id
)
SELECT
  i.target_id,
  i.title,
  a.id IS NOT NULL AS is_here,
  a.region,
  e.at_ms,
  coalesce(k.n, 0) AS tasks,
  k.titles,
  k.due_on
FROM handover_item i
LEFT JOIN account a ON a.id = i.target_id
LEFT JOIN event_items e ON e.account_id = i.target_id
LEFT JOIN task_items k ON k.account_id = i.target_id
WHERE i.handover_id = :id AND i.target_entity = 'account'
ORDER BY i.title, i.id
LIMIT CASE :show WHEN 'all' THEN 100000 ELSE 201 END;

-- What belongs to no customer of the list.
-- name: others :many
SELECT i.id, i.target_entity, i.target_id, i.title, i.at_ms, i.due_on
FROM handover_item i
WHERE i.handover_id = :id AND i.target_entity <> 'account'
  AND (i.account_id IS NULL OR i.account_id NOT IN (
    SELECT b.target_id FROM handover_item b WHERE b.handover_id = :id AND b.target_entity = 'account'
  ))
ORDER BY i.target_entity, coalesce(i.at_ms, 0), i.due_on, i.title, i.id
LIMIT CASE :show WHEN 'all' THEN 100000 ELSE 100 END;

-- Until the server has it: what it asks for.
-- name: wanted :many
SELECT a.id, a.name
FROM handover h, json_each(h.account_ids) j
JOIN account a ON a.id = j.value
WHERE h.id = :id AND h.done_at_ms IS NULL
ORDER BY a.name, a.id
LIMIT 200;
