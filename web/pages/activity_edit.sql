-- page: /activities/{id}/edit

-- name: activity :one
SELECT v.id, v.version, v.kind, v.at_ms, v.body, v.minutes, v.account_id, a.name AS account_name, v.owner_id = :me AS is_mine
FROM activity v
LEFT JOIN account a ON a.id = v.account_id
WHERE v.id = :id;

-- name: contacts :many
SELECT c.id, c.name, c.title,
  c.id IN (SELECT j.value FROM activity v, json_each(v.contact_ids) j WHERE v.id = :id) AS is_chosen
FROM contact c
WHERE c.account_id = :activity__account_id
ORDER BY is_chosen DESC, c.name, c.id
LIMIT 100;
