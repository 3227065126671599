-- page: /customers/new
-- query: name= parent=

-- name: parent :maybe
SELECT id, name FROM account WHERE id = :parent;

-- What is here already under that name: the same company twice helps nobody.
-- name: alike :many
SELECT id, name FROM account WHERE length(:name) > 1 AND search_key LIKE '%' || fold(:name) || '%' ORDER BY name, id LIMIT 5;
