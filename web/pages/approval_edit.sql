-- page: /approvals/{id}/edit
-- query: account= account_q=

-- name: request :one
SELECT
  p.id,
  p.version,
  p.title,
  p.amount_cents,
  coalesce(p.currency, (SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS currency,
  coalesce(p.answers, '{}') AS answers,
  p.reason,
  p.payee,
  p.account_id,
  p.request_id,
  p.advance_id,
  coalesce(p.cc_ids, '[]') AS cc_ids,
  p.owner_id,
  p.state,
  p.definition_id,
  p.version_id
FROM approval p WHERE p.id = :id;

-- name: definition :maybe
SELECT d.id, d.name, d.kind, v.id AS version_id, v.form, v.asks, d.is_active
FROM definition_version v
JOIN approval_definition d ON d.id = v.definition_id
WHERE v.id = :request__version_id;

-- Decisions that a change makes void.
-- name: approvals_given :value
SELECT count(*) FROM approval_action
WHERE approval_id = :id AND verb = 'approve' AND effect = 'in_force' AND voided_at_ms IS NULL;

-- include: _approval_form.sql

-- name: account :maybe
SELECT id, name, address FROM account
WHERE id = CASE :account WHEN '' THEN :request__account_id ELSE :account END;

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
SELECT id, name, title FROM user
WHERE (is_active = 1 AND id <> :me) OR id IN (SELECT value FROM json_each(:request__cc_ids))
ORDER BY name, id;

-- name: cc :many
SELECT value AS id FROM json_each(:request__cc_ids) ORDER BY value;

-- What this can rest on: my approved expense requests, and my advances that were paid.
-- name: requests :many
SELECT p.id, p.title, p.amount_cents, p.currency, p.decided_at_ms FROM approval p
JOIN approval_definition d ON d.id = p.definition_id
WHERE (p.owner_id = :me AND p.state = 'approved' AND d.kind = 'expense_request') OR p.id = :request__request_id
ORDER BY p.decided_at_ms DESC, p.id
LIMIT 50;

-- name: advances :many
SELECT p.id, p.title, p.paid_cents AS amount_cents, p.currency, p.paid_at_ms AS decided_at_ms FROM approval p
JOIN approval_definition d ON d.id = p.definition_id
WHERE (p.owner_id = :me AND p.state = 'approved' AND p.paid_at_ms IS NOT NULL AND d.kind = 'advance') OR p.id = :request__advance_id
ORDER BY p.paid_at_ms DESC, p.id
LIMIT 50;
