-- page: /stickies/{id}
-- name: sticky :one
SELECT id, body, version FROM sticky WHERE id = :id
