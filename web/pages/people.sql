-- page: /people
-- query: q=

-- name: people :many
SELECT u.id, u.name, u.title, coalesce(d.id, '') AS department_id, u.phones ->> 0 AS phone
FROM user u
LEFT JOIN department d ON d.id = u.department_id
WHERE u.is_active = 1 AND (:q = '' OR u.search_key LIKE '%' || fold(:q) || '%')
ORDER BY u.name, u.id
LIMIT 500;

-- name: departments :many
SELECT id, name, position FROM department
UNION ALL
SELECT '', NULL, 1000000
ORDER BY position, name, id;
