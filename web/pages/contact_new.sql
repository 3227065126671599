-- page: /contacts/new
-- query: account= name=

-- name: account :maybe
SELECT id, name FROM account WHERE id = :account;
