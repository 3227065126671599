-- page: /me/substitutes/new

-- name: away :one
SELECT NULL AS id, 0 AS version, NULL AS substitute_id, add_days(:today, 1) AS from_on, NULL AS until_on, NULL AS reason;

-- name: people :many
SELECT id, name FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;
