-- page: /me/substitutes/{id}/edit

-- name: away :one
SELECT s.id, s.version, s.substitute_id, s.from_on, s.until_on, s.reason, s.until_on < :today AS is_over
FROM substitute s WHERE s.id = :id AND s.owner_id = :me;

-- name: people :many
SELECT id, name FROM user WHERE (is_active = 1 AND id <> :me) OR id = :away__substitute_id ORDER BY name, id;
