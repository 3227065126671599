-- page: /lines/{id}/edit
-- query: activity=@ account=@ account_q=

-- name: line :one
SELECT
  l.id,
  l.version,
  l.approval_id,
  l.spent_on,
  l.category_id,
  l.amount_cents,
  l.currency,
  rtrim(rtrim(printf('%.6f', l.rate_e6 / 1000000.0), '0'), '.') AS rate,
  l.account_id,
  l.activity_id,
  l.receipt_no,
  l.note,
  l.position
FROM expense_line l
WHERE l.id = :id;

-- name: claim :maybe
SELECT a.id, a.title, a.state, d.kind,
  a.owner_id = :me AND a.state IN ('draft', 'returned', 'recalled', 'rejected') AS may_edit
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id
WHERE a.id = :line__approval_id;

-- name: home :value
SELECT coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY');

-- name: visit :maybe
SELECT v.id, v.kind, v.at_ms, v.account_id
FROM activity v
WHERE v.id = iif(:activity = '@' AND :account = '@', :line__activity_id, :activity);

-- name: account :maybe
SELECT a.id, a.name, a.address FROM account a
WHERE a.id = coalesce(:visit__account_id, iif(:account = '@', :line__account_id, :account));

-- A category that is no longer offered stays on the line that has it.
-- name: categories :many
SELECT c.id, c.name FROM expense_category c
WHERE c.is_active = 1 OR c.id = :line__category_id
ORDER BY c.position, c.name, c.id;

-- name: visits :many
SELECT v.id, v.kind, v.at_ms, v.account_id, a.name AS account_name
FROM activity v
JOIN account a ON a.id = v.account_id
WHERE v.owner_id = :me AND v.kind IN ('visit', 'meeting') AND :account__id IS NULL AND :account_q = ''
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 4;

-- name: account_hits :many
SELECT id, name, address FROM account
WHERE :account_q <> '' AND :account__id IS NULL AND search_key LIKE '%' || fold(:account_q) || '%'
ORDER BY name, id
LIMIT 12;

-- name: receipts :many
SELECT f.id, f.version, f.hash, f.name, f.media_type, f.bytes, f.owner_id, f.stored_at_ms
FROM attachment f
WHERE f.approval_id = :line__approval_id AND f.target_id = :id
ORDER BY f.id;
