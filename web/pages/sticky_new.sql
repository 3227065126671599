-- page: /stickies/new
-- query: account=

-- name: account :maybe
SELECT id, name FROM account WHERE id = :account;
