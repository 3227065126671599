-- page: /people
-- query: q=

-- name: people :many
SELECT u.id, u.name, u.title, d.name AS department_name, u.phones ->> 0 AS phone
FROM user u
LEFT JOIN department d ON d.id = u.department_id
WHERE u.is_active = 1 AND (:q = '' OR u.search_key LIKE '%' || fold(:q) || '%')
ORDER BY d.position, d.name, d.id, u.name, u.id
LIMIT 500;
