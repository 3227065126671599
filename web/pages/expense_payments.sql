-- page: /expenses/payments
-- query: server=

-- name: is_cashier :value
SELECT EXISTS (SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND r.is_cashier = 1);

-- name: home :value
SELECT coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY');

-- Approved and not paid, the longest waiting first. What to pay of a claim: what its advance does not cover.
-- name: due :many
WITH spent AS (
  SELECT c.advance_id AS id, sum(c.offset_cents) AS cents
  FROM approval c
  WHERE c.advance_id IS NOT NULL AND c.paid_at_ms IS NOT NULL
  GROUP BY c.advance_id
),
due AS (
  SELECT a.id, a.title, a.payee, d.kind, u.name AS person_name, a.decided_at_ms,
    iif(d.kind = 'advance', coalesce(a.currency, :home), :home) AS currency,
    coalesce(a.sanctioned_cents, a.amount_cents) AS sanctioned_cents,
    v.id AS advance_id,
    max(0, v.paid_cents - coalesce(v.offset_cents, 0) - coalesce(s.cents, 0)) AS left_cents,
    EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = a.id AND o.state <> 'acked') AS is_unsent
  FROM approval a
  JOIN approval_definition d ON d.id = a.definition_id AND d.kind IN ('advance', 'expense_claim')
  LEFT JOIN user u ON u.id = a.owner_id
  LEFT JOIN approval v ON v.id = a.advance_id AND d.kind = 'expense_claim' AND v.paid_at_ms IS NOT NULL
  LEFT JOIN spent s ON s.id = v.id
  WHERE a.state = 'approved' AND a.paid_at_ms IS NULL
)
SELECT *, min(coalesce(left_cents, 0), sanctioned_cents) AS set_off_cents,
  sanctioned_cents - min(coalesce(left_cents, 0), sanctioned_cents) AS to_pay_cents
FROM due
ORDER BY decided_at_ms, id
LIMIT 200;

-- Advances that were paid and not yet accounted for.
-- name: out :many
WITH spent AS (
  SELECT c.advance_id AS id, sum(c.offset_cents) AS cents
  FROM approval c
  WHERE c.advance_id IS NOT NULL AND c.paid_at_ms IS NOT NULL
  GROUP BY c.advance_id
)
SELECT a.id, a.title, u.name AS person_name, a.paid_at_ms, coalesce(a.currency, :home) AS currency,
  a.paid_cents - coalesce(a.offset_cents, 0) - coalesce(s.cents, 0) AS left_cents
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id AND d.kind = 'advance'
LEFT JOIN user u ON u.id = a.owner_id
LEFT JOIN spent s ON s.id = a.id
WHERE a.state = 'approved' AND a.paid_at_ms IS NOT NULL AND a.paid_cents - coalesce(a.offset_cents, 0) - coalesce(s.cents, 0) > 0
ORDER BY a.paid_at_ms, a.id
LIMIT 200;

-- name: paid :many
SELECT a.id, a.title, d.kind, u.name AS person_name, a.paid_at_ms, a.paid_cents, a.offset_cents,
  iif(d.kind = 'advance', coalesce(a.currency, :home), :home) AS currency
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id AND d.kind IN ('advance', 'expense_claim')
LEFT JOIN user u ON u.id = a.owner_id
WHERE a.paid_at_ms >= day_start_ms(add_days(:today, -30), :tz)
ORDER BY a.paid_at_ms DESC, a.id DESC
LIMIT 50;
