-- page: /tasks/{id}/edit
-- query: account= account_q=

-- name: task :one
SELECT id, version, title, note, due_on, is_important, is_urgent, account_id, contact_id, assignee_id
FROM task WHERE id = :id;

-- name: account :maybe
SELECT id, name, address FROM account
WHERE id = CASE :account WHEN '' THEN :task__account_id ELSE :account END;

-- name: contacts :many
SELECT id, name, title FROM contact
WHERE account_id = :account__id OR id = :task__contact_id
ORDER BY name, id
LIMIT 100;

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
SELECT id, name FROM user WHERE is_active = 1 OR id = :task__assignee_id ORDER BY id <> :me, name, id;
