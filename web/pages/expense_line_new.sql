-- page: /approvals/{id}/lines/new
-- query: activity= account= account_q= like=

-- name: claim :one
SELECT a.id, a.title, a.account_id, d.kind,
  a.owner_id = :me AND a.state IN ('draft', 'returned', 'recalled', 'rejected') AS may_edit
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id
WHERE a.id = :id;

-- name: home :value
SELECT coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY');

-- The line before this one: the next is often of the same day, place and money.
-- name: before :maybe
SELECT l.id, l.spent_on, l.currency, l.rate_e6, l.account_id, l.activity_id,
  rtrim(rtrim(printf('%.6f', l.rate_e6 / 1000000.0), '0'), '.') AS rate
FROM expense_line l
WHERE l.id = :like AND l.approval_id = :id;

-- name: visit :maybe
SELECT v.id, v.kind, v.at_ms, v.account_id, local_date(v.at_ms, :tz) AS day
FROM activity v
WHERE v.id = iif(:activity = '' AND :account = '', :before__activity_id, :activity);

-- name: account :maybe
SELECT a.id, a.name, a.address FROM account a
WHERE a.id = coalesce(:visit__account_id, iif(:account = '', coalesce(:before__account_id, :claim__account_id), :account));

-- name: line :one
SELECT
  NULL AS id,
  0 AS version,
  coalesce(:before__spent_on, :visit__day, :today) AS spent_on,
  NULL AS category_id,
  NULL AS amount_cents,
  coalesce(:before__currency, :home) AS currency,
  coalesce(:before__rate, '1') AS rate,
  NULL AS account_id,
  NULL AS activity_id,
  NULL AS receipt_no,
  NULL AS note,
  (SELECT coalesce(max(l.position), 0) + 1 FROM expense_line l WHERE l.approval_id = :id) AS position;

-- name: categories :many
SELECT c.id, c.name FROM expense_category c WHERE c.is_active = 1 ORDER BY c.position, c.name, c.id;

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

-- name: so_far :one
SELECT count(*) AS lines, coalesce(sum((l.amount_cents * coalesce(l.rate_e6, 1000000) + 500000) / 1000000), 0) AS cents
FROM expense_line l
WHERE l.approval_id = :id;
