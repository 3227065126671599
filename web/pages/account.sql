-- page: /customers/{id}
-- query: type= before= before_id= part= server=

-- name: account :one
SELECT
  a.id,
  a.version,
  a.kind,
  a.name,
  a.short_name,
  a.level,
  a.industry,
  a.source,
  a.region,
  a.phones,
  a.emails,
  a.website,
  a.address,
  a.lat_e6,
  a.lng_e6,
  a.tags,
  a.employees,
  a.founded_year,
  a.annual_revenue_k,
  a.note,
  a.next_contact_on,
  a.next_contact_on <= :today AS is_due,
  a.parent_id,
  p.name AS parent_name,
  a.owner_id,
  u.name AS owner_name,
  s.last_contact_at_ms,
  a.created_at_ms,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = a.id AND o.state <> 'acked') AS is_unsent
FROM account a
LEFT JOIN account p ON p.id = a.parent_id
LEFT JOIN user u ON u.id = a.owner_id
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.id = :id;

-- Whether my data scope reaches the owner: then I decide about this customer as the owner does.
-- name: reaches_owner :value
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
SELECT :account__owner_id IS :me OR EXISTS (
  SELECT 1 FROM user u, mine m
  WHERE u.id = :account__owner_id AND CASE m.data_scope
    WHEN 'everything' THEN 1
    WHEN 'reports' THEN u.id IN (SELECT id FROM reports)
    WHEN 'department' THEN u.department_id = m.department_id
    WHEN 'below' THEN u.department_id IN (SELECT id FROM below)
    ELSE 0
  END
);

-- Here to look only: shared with me for reading, by somebody whom my data scope does not reach.
-- name: may_only_look :value
SELECT NOT :reaches_owner AND :account__owner_id IS NOT NULL
  AND EXISTS (
    SELECT 1 FROM account_member m
    WHERE m.account_id = :id AND m.user_id = :me AND m.access = 'read' AND (m.until_on IS NULL OR m.until_on >= :today)
  )
  AND NOT EXISTS (
    SELECT 1 FROM account_member m
    WHERE m.account_id = :id AND m.user_id = :me AND m.access = 'write' AND (m.until_on IS NULL OR m.until_on >= :today)
  );

-- When the shared pool takes it back, by the first rule that will: days since anybody was in touch, or since the
-- owner has it (since_ms). Nothing while an appointment is to come.
-- name: pool_due :maybe
WITH RECURSIVE
places (id) AS (
  SELECT department_id FROM user WHERE id = :account__owner_id
  UNION SELECT d.parent_id FROM department d JOIN places p ON d.id = p.id
)
SELECT
  max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) AS since_ms,
  max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) + min(r.days) * 86400000 AS due_ms
FROM account a
JOIN pool_rule r
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.id = :id AND a.kind = 'customer' AND a.owner_id IS NOT NULL AND r.is_active = 1
  AND (r.department_id IS NULL OR r.department_id IN (SELECT id FROM places))
  AND (r.levels = '[]' OR a.level IN (SELECT value FROM json_each(r.levels)))
  AND coalesce(a.owner_since_ms, s.last_contact_at_ms) IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM event e
    WHERE e.account_id = a.id AND e.cancelled_at_ms IS NULL AND (e.end_ms >= :now_ms OR e.rrule IS NOT NULL)
  )
GROUP BY a.id;

-- A claim that this device made and the server has not heard of, or that came too late.
-- name: claim :maybe
SELECT o.n, o.state, o.reason, o.detail FROM outbox o
WHERE o.row_id = :id AND o.entity = 'account' AND o.op ->> '$.set.owner_id' = :me AND coalesce(o.op ->> '$.base', 0) > 0
  AND (o.state = 'waiting' OR (o.state = 'refused' AND o.reason = 'claimed'))
ORDER BY o.n DESC LIMIT 1;

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
SELECT id, day, title, start_ms, is_all_day FROM due WHERE start_ms IS NOT NULL ORDER BY start_ms, id LIMIT 1;

-- What this customer cost this year, of the claims that I may see: approved or waiting.
-- name: costs :maybe
SELECT
  sum((coalesce(l.sanctioned_cents, l.amount_cents) * coalesce(l.rate_e6, 1000000) + 500000) / 1000000) AS cents,
  coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS home
FROM expense_line l
JOIN approval a ON a.id = l.approval_id AND a.state IN ('pending', 'approved')
JOIN approval_definition d ON d.id = a.definition_id AND d.kind = 'expense_claim'
WHERE l.account_id = :id AND l.spent_on >= date(:today, 'start of year')
HAVING count(*) > 0;

-- name: conflicts :many
SELECT x.id, x.target_entity, x.kind FROM conflict x
WHERE x.account_id = :id AND x.settled_at_ms IS NULL
ORDER BY x.id LIMIT 5;

-- name: stickies :many
SELECT
  n.id,
  n.body,
  n.colour,
  n.owner_id = :me AS is_mine,
  u.name AS by_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = n.id AND o.state <> 'acked') AS is_unsent
FROM sticky n
LEFT JOIN user u ON u.id = n.owner_id
WHERE n.account_id = :id
ORDER BY n.created_at_ms DESC, n.id DESC
LIMIT 10;

-- name: contacts :many
SELECT
  c.id,
  c.name,
  c.title,
  c.department,
  c.influence,
  c.phones ->> 0 AS phone,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = c.id AND o.state <> 'acked') AS is_unsent
FROM contact c
WHERE c.account_id = :id
ORDER BY c.name, c.id
LIMIT 100;

-- Both ends of a relation show it: role says what the far end is to the near one, reverse_role the opposite.
-- name: relations :many
SELECT r.id, r.owner_id = :me AS is_mine, r.note, r.role AS they_are, r.reverse_role AS we_are, near.name AS near_name,
  r.to_account_id AS other_account_id, ta.name AS other_account_name, r.to_contact_id AS other_contact_id, tc.name AS other_contact_name
FROM relation r
LEFT JOIN contact near ON near.id = r.from_contact_id
LEFT JOIN account ta ON ta.id = r.to_account_id
LEFT JOIN contact tc ON tc.id = r.to_contact_id
WHERE r.from_account_id = :id
UNION ALL
SELECT r.id, r.owner_id = :me, r.note, r.reverse_role, r.role, near.name,
  r.from_account_id, fa.name, r.from_contact_id, fc.name
FROM relation r
LEFT JOIN contact near ON near.id = r.to_contact_id
LEFT JOIN account fa ON fa.id = r.from_account_id
LEFT JOIN contact fc ON fc.id = r.from_contact_id
WHERE r.to_account_id = :id AND r.from_account_id IS NOT :id
ORDER BY 8, 10, 1
LIMIT 100;

-- name: parts_of :many
SELECT a.id, a.name FROM account a WHERE a.parent_id = :id ORDER BY a.name, a.id LIMIT 50;

-- name: members :many
SELECT m.id, m.access, m.until_on, u.id AS user_id, u.name
FROM account_member m
JOIN user u ON u.id = m.user_id
WHERE m.account_id = :id AND (m.until_on IS NULL OR m.until_on >= :today)
ORDER BY u.name, m.id;

-- One timeline of everything. Each kind gives its newest 51 by its own index, then they are merged;
-- names are looked up for what is shown only.
-- name: timeline :many
WITH
edge (at_ms, id) AS (
  SELECT CASE :before WHEN '' THEN 9007199254740991 ELSE CAST(:before AS INTEGER) END, :before_id
),
merged (type, id, kind, at_ms, title, body, owner_id, done_at_ms, contact_ids, target_id) AS (
  SELECT * FROM (
    SELECT 'activity', v.id, v.kind, v.at_ms, NULL, v.body, v.owner_id, v.checkin_at_ms, v.contact_ids, NULL
    FROM activity v
    WHERE v.account_id = :id AND :type IN ('', 'activity')
      AND v.at_ms <= (SELECT at_ms FROM edge) AND (v.at_ms, v.id) < (SELECT at_ms, id FROM edge)
    ORDER BY v.at_ms DESC, v.id DESC LIMIT 51
  )
  UNION ALL
  SELECT * FROM (
    SELECT 'event', e.id, e.kind, e.start_ms, e.title, e.place, e.owner_id, e.cancelled_at_ms, e.contact_ids, NULL
    FROM event e
    WHERE e.account_id = :id AND :type IN ('', 'event')
      AND (e.start_ms, e.id) < (SELECT at_ms, id FROM edge)
    ORDER BY e.start_ms DESC, e.id DESC LIMIT 51
  )
  UNION ALL
  SELECT * FROM (
    SELECT 'task', t.id, 'task', coalesce(t.done_at_ms, t.created_at_ms) AS at_ms, t.title, t.note, t.assignee_id, t.done_at_ms, NULL, NULL
    FROM task t
    WHERE t.account_id = :id AND :type IN ('', 'task')
      AND (coalesce(t.done_at_ms, t.created_at_ms), t.id) < (SELECT at_ms, id FROM edge)
    ORDER BY 4 DESC, t.id DESC LIMIT 51
  )
  UNION ALL
  SELECT * FROM (
    SELECT 'comment', m.id, m.target_entity, m.created_at_ms, NULL, m.body, m.owner_id, NULL, NULL, m.target_id
    FROM comment m
    WHERE m.account_id = :id AND :type IN ('', 'comment')
      AND (m.created_at_ms, m.id) < (SELECT at_ms, id FROM edge)
    ORDER BY m.created_at_ms DESC, m.id DESC LIMIT 51
  )
  UNION ALL
  SELECT * FROM (
    SELECT 'sticky', n.id, n.colour, n.created_at_ms, NULL, n.body, n.owner_id, NULL, NULL, NULL
    FROM sticky n
    WHERE n.account_id = :id AND :type IN ('', 'sticky')
      AND (n.created_at_ms, n.id) < (SELECT at_ms, id FROM edge)
    ORDER BY n.created_at_ms DESC, n.id DESC LIMIT 51
  )
  ORDER BY 4 DESC, 2 DESC
  LIMIT 51
)
SELECT
  g.type,
  g.id,
  g.kind,
  g.at_ms,
  g.title,
  g.body,
  g.owner_id,
  u.name AS by_name,
  g.done_at_ms,
  g.target_id,
  (SELECT group_concat(c.name, ', ') FROM json_each(g.contact_ids) j JOIN contact c ON c.id = j.value) AS contact_names,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = g.id AND o.state <> 'acked') AS is_unsent
FROM merged g
LEFT JOIN user u ON u.id = g.owner_id
ORDER BY g.at_ms DESC, g.id DESC;
