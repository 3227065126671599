-- page: /tasks/new
-- query: account= account_q= title= due= contact= with=

-- name: task :one
SELECT
  NULL AS id,
  0 AS version,
  :title AS title,
  NULL AS note,
  add_days(:due, 0) AS due_on,
  0 AS is_important,
  0 AS is_urgent,
  NULL AS account_id,
  iif(:contact = '', NULL, :contact) AS contact_id,
  iif(:with = '', :me, :with) AS assignee_id;

-- name: account :maybe
SELECT id, name, address FROM account WHERE id = :account;

-- name: contacts :many
SELECT id, name, title FROM contact WHERE account_id = :account__id ORDER BY name, id LIMIT 100;

-- name: account_choices :many
SELECT a.id, a.name, a.address
FROM account_stat s
JOIN account a ON a.id = s.account_id
WHERE :account_q = '' AND :account__id IS NULL
ORDER BY s.last_contact_at_ms DESC, a.id
LIMIT 6;

-- name: account_hits :many
SELECT id, name, address FROM account
WHERE :account_q <> '' AND search_key LIKE '%' || fold(:account_q) || '%'
ORDER BY name, id
LIMIT 20;

-- name: people :many
SELECT id, name FROM user WHERE is_active = 1 ORDER BY id <> :me, name, id;
