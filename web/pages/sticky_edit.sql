-- page: /stickies/{id}/edit

-- name: sticky :one
SELECT n.id, n.version, n.body, n.colour, n.account_id, a.name AS account_name, n.owner_id = :me AS is_mine, u.name AS by_name
FROM sticky n
LEFT JOIN account a ON a.id = n.account_id
LEFT JOIN user u ON u.id = n.owner_id
WHERE n.id = :id;
