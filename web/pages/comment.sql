-- page: /comments/{id}

-- name: comment :one
SELECT
  m.id,
  m.version,
  m.body,
  m.owner_id,
  u.name AS author_name,
  m.created_at_ms,
  m.updated_at_ms,
  m.target_entity,
  m.target_id,
  m.account_id,
  a.name AS account_name,
  (SELECT group_concat(p.name, ', ') FROM json_each(m.mention_ids) j JOIN user p ON p.id = j.value) AS mentioned,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = m.id AND o.state <> 'acked') AS is_unsent
FROM comment m
LEFT JOIN user u ON u.id = m.owner_id
LEFT JOIN account a ON a.id = m.account_id
WHERE m.id = :id;

-- name: target :maybe
SELECT name AS title FROM account WHERE :comment__target_entity = 'account' AND id = :comment__target_id
UNION ALL
SELECT name FROM contact WHERE :comment__target_entity = 'contact' AND id = :comment__target_id
UNION ALL
SELECT substr(body, 1, 80) FROM activity WHERE :comment__target_entity = 'activity' AND id = :comment__target_id
UNION ALL
SELECT title FROM event WHERE :comment__target_entity = 'event' AND id = :comment__target_id
UNION ALL
SELECT title FROM task WHERE :comment__target_entity = 'task' AND id = :comment__target_id;

-- name: colleagues :many
SELECT
  u.id,
  u.name,
  u.title,
  u.id IN (SELECT j.value FROM comment m, json_each(m.mention_ids) j WHERE m.id = :id) AS is_chosen
FROM user u
WHERE (u.is_active = 1 AND u.id <> :me)
  OR u.id IN (SELECT j.value FROM comment m, json_each(m.mention_ids) j WHERE m.id = :id)
ORDER BY is_chosen DESC, u.name, u.id;
