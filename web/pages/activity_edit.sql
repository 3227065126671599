-- page: /activities/{id}/edit

-- name: activity :one
SELECT v.id, v.version, v.kind, v.at_ms, v.body, v.minutes, v.account_id, a.name AS account_name, v.owner_id = :me AS is_mine
FROM activity v
LEFT JOIN account a ON a.id = v.account_id
WHERE v.id = :id;

-- Whoever was there stays in sight, also when gone since: only so can a refused entry be mended.
-- name: contacts :many
WITH chosen AS (SELECT j.value AS id FROM activity v, json_each(v.contact_ids) j WHERE v.id = :id)
SELECT c.id, c.name, c.title, c.id IN (SELECT id FROM chosen) AS is_chosen
FROM contact c
WHERE c.account_id = :activity__account_id OR c.id IN (SELECT id FROM chosen)
UNION ALL
SELECT h.id, NULL, NULL, 1 FROM chosen h WHERE NOT EXISTS (SELECT 1 FROM contact c WHERE c.id = h.id)
ORDER BY is_chosen DESC, name, id
LIMIT 100;
