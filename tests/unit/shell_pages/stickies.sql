-- page: /stickies /stickies/of/{colour}
-- query: q=
-- name: stickies :many
SELECT id, body, version FROM sticky WHERE body LIKE '%' || :q || '%' AND (:colour IS NULL OR colour = :colour) ORDER BY id
