-- page: /approvals/new
-- query: definition= like= account= account_q= request= advance= title= reason= amount=

-- name: copied :maybe
SELECT id, definition_id, title, amount_cents, currency, answers, reason, payee, account_id, request_id, advance_id, cc_ids
FROM approval WHERE id = :like;

-- What I may ask for: its current version names departments (with those below), roles or people, or everybody.
-- name: choices :many
WITH RECURSIVE place (id) AS (
  SELECT department_id FROM user WHERE id = :me
  UNION
  SELECT d.parent_id FROM place p JOIN department d ON d.id = p.id WHERE d.parent_id IS NOT NULL
)
SELECT d.id, d.name, d.kind, coalesce(d.subject, '') AS subject
FROM approval_definition d
JOIN definition_version v ON v.definition_id = d.id AND v.number = d.current
WHERE d.is_active = 1 AND (
  coalesce(json_array_length(v.starters, '$.departments'), 0) + coalesce(json_array_length(v.starters, '$.roles'), 0)
    + coalesce(json_array_length(v.starters, '$.people'), 0) = 0
  OR EXISTS (SELECT 1 FROM json_each(v.starters, '$.departments') WHERE value IN (SELECT id FROM place))
  OR EXISTS (SELECT 1 FROM json_each(v.starters, '$.roles') j JOIN user u ON u.id = :me WHERE j.value = u.role_id)
  OR EXISTS (SELECT 1 FROM json_each(v.starters, '$.people') WHERE value = :me)
)
ORDER BY d.subject IS NULL, min(d.position) OVER (PARTITION BY d.subject), d.subject, d.position, d.name, d.id;

-- name: definition :maybe
SELECT d.id, d.name, d.kind, v.id AS version_id, v.form, v.asks, d.is_active
FROM approval_definition d
JOIN definition_version v ON v.definition_id = d.id AND v.number = d.current
WHERE d.id = coalesce(nullif(:definition, ''), :copied__definition_id);

-- name: request :one
SELECT
  NULL AS id,
  0 AS version,
  coalesce(:copied__title, nullif(:title, '')) AS title,
  coalesce(:copied__amount_cents, CAST(nullif(:amount, '') AS INTEGER)) AS amount_cents,
  coalesce(:copied__currency, (SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS currency,
  coalesce(:copied__answers, '{}') AS answers,
  coalesce(:copied__reason, nullif(:reason, '')) AS reason,
  :copied__payee AS payee,
  coalesce(nullif(:account, ''), :copied__account_id) AS account_id,
  coalesce(nullif(:request, ''), :copied__request_id) AS request_id,
  coalesce(nullif(:advance, ''), :copied__advance_id) AS advance_id,
  coalesce(:copied__cc_ids, '[]') AS cc_ids,
  'draft' AS state;

-- include: _approval_form.sql

-- name: account :maybe
SELECT id, name, address FROM account WHERE id = :request__account_id;

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
SELECT id, name, title FROM user WHERE is_active = 1 AND id <> :me ORDER BY name, id;

-- name: cc :many
SELECT value AS id FROM json_each(:request__cc_ids) ORDER BY value;

-- What this can rest on: my approved expense requests, and my advances that were paid.
-- name: requests :many
SELECT p.id, p.title, p.amount_cents, p.currency, p.decided_at_ms FROM approval p
JOIN approval_definition d ON d.id = p.definition_id
WHERE p.owner_id = :me AND p.state = 'approved' AND d.kind = 'expense_request'
ORDER BY p.decided_at_ms DESC, p.id
LIMIT 50;

-- name: advances :many
SELECT p.id, p.title, p.paid_cents AS amount_cents, p.currency, p.paid_at_ms AS decided_at_ms FROM approval p
JOIN approval_definition d ON d.id = p.definition_id
WHERE p.owner_id = :me AND p.state = 'approved' AND p.paid_at_ms IS NOT NULL AND d.kind = 'advance'
ORDER BY p.paid_at_ms DESC, p.id
LIMIT 50;
