-- page: /search
-- query: q= older= server=

-- What was typed, ready to stand between two percent signs; fewer than two letters find nothing.
-- name: wanted :value
SELECT CASE WHEN length(trim(:q)) > 1 OR unicode(trim(:q)) > 255 THEN fold(:q) END;

-- name: words :value
SELECT trim(:q);

-- name: accounts :many
SELECT a.id, a.name, a.kind, a.level, a.region, owner.name AS owner_name
FROM account a
LEFT JOIN user owner ON owner.id = a.owner_id
WHERE :wanted <> '' AND a.search_key LIKE '%' || :wanted || '%'
ORDER BY a.name, a.id
LIMIT 21;

-- name: contacts :many
SELECT c.id, c.name, c.title, c.account_id, a.name AS account_name
FROM contact c
LEFT JOIN account a ON a.id = c.account_id
WHERE :wanted <> '' AND c.search_key LIKE '%' || :wanted || '%'
ORDER BY c.name, c.id
LIMIT 21;

-- name: people :many
SELECT id, name, title FROM user
WHERE :wanted <> '' AND is_active = 1 AND search_key LIKE '%' || :wanted || '%'
ORDER BY name, id
LIMIT 21;

-- name: approvals :many
SELECT p.id, p.title, p.state, p.paid_at_ms, p.amount_cents, p.currency, u.name AS owner_name, d.name AS definition_name
FROM approval p
JOIN user u ON u.id = p.owner_id
LEFT JOIN approval_definition d ON d.id = p.definition_id
WHERE :wanted <> '' AND p.search_key LIKE '%' || :wanted || '%'
ORDER BY p.state <> 'pending', p.created_at_ms DESC, p.id
LIMIT 21;

-- The newest appointments, tasks, comments and stickies are few enough to read through.
-- name: events :many
SELECT e.id, e.title, e.kind, e.start_ms, e.is_all_day, a.name AS account_name
FROM event e
LEFT JOIN account a ON a.id = e.account_id
WHERE :wanted <> '' AND (e.title LIKE '%' || :words || '%' OR e.place LIKE '%' || :words || '%' OR e.note LIKE '%' || :words || '%')
ORDER BY e.start_ms DESC, e.id
LIMIT 21;

-- name: tasks :many
SELECT t.id, t.title, t.due_on, t.done_at_ms, a.name AS account_name
FROM task t
LEFT JOIN account a ON a.id = t.account_id
WHERE :wanted <> '' AND (t.title LIKE '%' || :words || '%' OR t.note LIKE '%' || :words || '%')
ORDER BY t.done_at_ms IS NOT NULL, t.due_on IS NULL, t.due_on, t.id
LIMIT 21;

-- name: comments :many
SELECT m.id, m.body, m.created_at_ms, u.name AS author_name, a.name AS account_name
FROM comment m
LEFT JOIN user u ON u.id = m.owner_id
LEFT JOIN account a ON a.id = m.account_id
WHERE :wanted <> '' AND m.body LIKE '%' || :words || '%'
ORDER BY m.created_at_ms DESC, m.id
LIMIT 21;

-- name: stickies :many
SELECT s.id, s.body, s.colour, s.account_id, s.updated_at_ms, a.name AS account_name
FROM sticky s
LEFT JOIN account a ON a.id = s.account_id
WHERE :wanted <> '' AND s.body LIKE '%' || :words || '%'
ORDER BY s.updated_at_ms DESC, s.id
LIMIT 21;

-- Activities are many: the newest 5,000 are read at once, all of them when asked for.
-- name: activities :many
SELECT v.id, v.kind, v.body, v.at_ms, v.account_id, a.name AS account_name, u.name AS author_name
FROM (
  SELECT id, kind, body, at_ms, account_id, owner_id FROM activity
  WHERE :wanted <> ''
  ORDER BY at_ms DESC
  LIMIT CASE :older WHEN '' THEN 5000 ELSE -1 END
) v
LEFT JOIN account a ON a.id = v.account_id
LEFT JOIN user u ON u.id = v.owner_id
WHERE v.body LIKE '%' || :words || '%'
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 51;

-- name: has_older :value
SELECT :older = '' AND :wanted <> '' AND EXISTS (SELECT 1 FROM activity ORDER BY at_ms DESC LIMIT 1 OFFSET 5000);
