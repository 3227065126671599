-- page: /comments/new
-- query: entity=account id=

-- What the comment hangs on; it travels with that row's account.
-- name: target :one
SELECT 'account' AS entity, id, name AS title, id AS account_id FROM account WHERE :entity = 'account' AND id = :id
UNION ALL
SELECT 'contact', id, name, account_id FROM contact WHERE :entity = 'contact' AND id = :id
UNION ALL
SELECT 'activity', v.id, coalesce(a.name, substr(v.body, 1, 80)), v.account_id
FROM activity v LEFT JOIN account a ON a.id = v.account_id
WHERE :entity = 'activity' AND v.id = :id
UNION ALL
SELECT 'event', id, title, account_id FROM event WHERE :entity = 'event' AND id = :id
UNION ALL
SELECT 'task', id, title, account_id FROM task WHERE :entity = 'task' AND id = :id;

-- name: colleagues :many
SELECT id, name, title FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
