-- page: /expenses/new
-- query: kind=expense_claim activity= account= request= advance=

-- What the new one rests on: an approved expense request, or an advance that was paid.
-- name: request :maybe
SELECT a.id, a.title, coalesce(a.sanctioned_cents, a.amount_cents) AS amount_cents, a.currency, a.account_id, k.name AS account_name
FROM approval a
LEFT JOIN account k ON k.id = a.account_id
WHERE a.id = iif(:request <> '', :request, (SELECT b.request_id FROM approval b WHERE b.id = :advance));

-- name: advance :maybe
SELECT a.id, a.title, a.currency,
  a.paid_cents - coalesce(a.offset_cents, 0)
    - (SELECT coalesce(sum(c.offset_cents), 0) FROM approval c WHERE c.advance_id = a.id AND c.paid_at_ms IS NOT NULL) AS left_cents
FROM approval a
WHERE a.id = :advance AND a.owner_id = :me AND a.paid_at_ms IS NOT NULL;

-- name: visit :maybe
SELECT v.id, v.kind, v.at_ms, v.account_id, a.name AS account_name
FROM activity v
LEFT JOIN account a ON a.id = v.account_id
WHERE v.id = :activity;

-- name: account :maybe
SELECT a.id, a.name FROM account a WHERE a.id = coalesce(:visit__account_id, nullif(:account, ''), :request__account_id);

-- My claims that can still take another expense.
-- name: open_claims :many
SELECT a.id, a.title, a.state, a.updated_at_ms,
  count(l.id) AS lines,
  coalesce(sum((l.amount_cents * coalesce(l.rate_e6, 1000000) + 500000) / 1000000), 0) AS cents,
  coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS home
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id
JOIN definition_version w ON w.id = a.version_id
LEFT JOIN expense_line l ON l.approval_id = a.id
WHERE :kind = 'expense_claim' AND :request__id IS NULL AND :advance__id IS NULL
  AND d.kind = 'expense_claim' AND a.owner_id = :me AND a.state IN ('draft', 'returned', 'recalled')
  AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'lines')
GROUP BY a.id
ORDER BY max(coalesce(l.created_at_ms, 0), a.created_at_ms) DESC, a.id
LIMIT 20;

-- What I may start of this kind: everybody where nobody is named, else my department (with those above), role or name.
-- name: definitions :many
WITH RECURSIVE
mine AS (SELECT id, role_id, department_id FROM user WHERE id = :me),
above (id) AS (
  SELECT department_id FROM mine UNION SELECT d.parent_id FROM department d JOIN above a ON d.id = a.id
)
SELECT d.id, d.name, w.id AS version_id,
  EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'lines') AS asks_lines,
  EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'amount') AS asks_amount
FROM approval_definition d
JOIN definition_version w ON w.definition_id = d.id AND w.number = d.current
WHERE d.is_active = 1 AND d.kind = CASE WHEN :kind IN ('expense_request', 'advance') THEN :kind ELSE 'expense_claim' END
  AND (
    coalesce(json_array_length(w.starters, '$.departments'), 0) + coalesce(json_array_length(w.starters, '$.roles'), 0)
      + coalesce(json_array_length(w.starters, '$.people'), 0) = 0
    OR EXISTS (SELECT 1 FROM json_each(w.starters, '$.departments') WHERE value IN (SELECT id FROM above))
    OR EXISTS (SELECT 1 FROM json_each(w.starters, '$.roles') j JOIN mine m WHERE j.value = m.role_id)
    OR EXISTS (SELECT 1 FROM json_each(w.starters, '$.people') WHERE value = :me)
  )
ORDER BY d.position, d.name, d.id;

-- name: home :value
SELECT coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY');
