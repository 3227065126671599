-- page: /relations/new
-- query: account= contact= q=

-- The near end: a customer, or a contact (whose customer then goes along).
-- name: near_contact :maybe
SELECT id, name, account_id FROM contact WHERE id = :contact;

-- name: near_account :maybe
SELECT id, name FROM account WHERE id = coalesce(nullif(:account, ''), :near_contact__account_id);

-- name: accounts :many
SELECT id, name, region FROM account
WHERE :q <> '' AND name >= '' AND search_key LIKE '%' || fold(:q) || '%' AND id <> coalesce(:near_account__id, '')
ORDER BY name, id
LIMIT 15;

-- name: contacts :many
SELECT c.id, c.name, c.title, c.account_id, a.name AS account_name
FROM contact c
LEFT JOIN account a ON a.id = c.account_id
WHERE :q <> '' AND c.name >= '' AND c.search_key LIKE '%' || fold(:q) || '%' AND c.id <> :contact
ORDER BY c.name, c.id
LIMIT 15;
