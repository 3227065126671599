-- page: /conflicts

-- Those that I am part of come first.
-- name: conflicts :many
SELECT
  x.id,
  x.target_entity,
  x.kind,
  x.unit,
  x.kept_by,
  x.lost_by,
  keeper.name AS kept_by_name,
  loser.name AS lost_by_name,
  max(x.kept_at_ms, x.lost_at_ms) AS at_ms,
  x.kept_by IS :me OR x.lost_by IS :me AS is_mine,
  a.name AS account_name,
  CASE x.target_entity
    WHEN 'account' THEN (SELECT name FROM account WHERE id = x.target_id)
    WHEN 'contact' THEN (SELECT name FROM contact WHERE id = x.target_id)
    WHEN 'event' THEN (SELECT title FROM event WHERE id = x.target_id)
    WHEN 'task' THEN (SELECT title FROM task WHERE id = x.target_id)
    WHEN 'relation' THEN (SELECT role FROM relation WHERE id = x.target_id)
    WHEN 'activity' THEN (SELECT substr(body, 1, 120) FROM activity WHERE id = x.target_id)
    WHEN 'sticky' THEN (SELECT substr(body, 1, 120) FROM sticky WHERE id = x.target_id)
    WHEN 'comment' THEN (SELECT substr(body, 1, 120) FROM comment WHERE id = x.target_id)
  END AS title,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = x.id) AS is_unsent
FROM conflict x
LEFT JOIN user keeper ON keeper.id = x.kept_by
LEFT JOIN user loser ON loser.id = x.lost_by
LEFT JOIN account a ON a.id = x.account_id
WHERE x.settled_at_ms IS NULL
ORDER BY is_mine DESC, at_ms DESC, x.id
LIMIT 200;

-- name: settled :many
SELECT
  x.id,
  x.target_entity,
  x.kind,
  x.unit,
  x.settled_at_ms,
  u.name AS settled_by_name,
  CASE x.target_entity
    WHEN 'account' THEN (SELECT name FROM account WHERE id = x.target_id)
    WHEN 'contact' THEN (SELECT name FROM contact WHERE id = x.target_id)
    WHEN 'event' THEN (SELECT title FROM event WHERE id = x.target_id)
    WHEN 'task' THEN (SELECT title FROM task WHERE id = x.target_id)
    WHEN 'relation' THEN (SELECT role FROM relation WHERE id = x.target_id)
    WHEN 'activity' THEN (SELECT substr(body, 1, 120) FROM activity WHERE id = x.target_id)
    WHEN 'sticky' THEN (SELECT substr(body, 1, 120) FROM sticky WHERE id = x.target_id)
    WHEN 'comment' THEN (SELECT substr(body, 1, 120) FROM comment WHERE id = x.target_id)
  END AS title
FROM conflict x
LEFT JOIN user u ON u.id = x.settled_by
WHERE x.settled_at_ms IS NOT NULL
ORDER BY x.settled_at_ms DESC, x.id
LIMIT 20;
