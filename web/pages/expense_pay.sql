-- page: /approvals/{id}/pay /approvals/{id}/repay
-- host: server

-- name: is_cashier :value
SELECT EXISTS (SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND r.is_cashier = 1);

-- name: home :value
SELECT coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY');

-- name: request :one
SELECT a.id, a.title, a.state, a.payee, d.kind, u.name AS person_name, a.paid_at_ms, p.name AS paid_by_name, a.paid_cents,
  a.offset_cents, iif(d.kind = 'advance', coalesce(a.currency, :home), :home) AS currency,
  coalesce(a.sanctioned_cents, a.amount_cents, 0) AS sanctioned_cents, a.amount_cents, a.advance_id
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id AND d.kind IN ('advance', 'expense_claim')
LEFT JOIN user u ON u.id = a.owner_id
LEFT JOIN user p ON p.id = a.paid_by
WHERE a.id = :id;

-- The advance itself, or the one that the claim is set off against.
-- name: advance :maybe
SELECT v.id, v.title, v.paid_cents, coalesce(v.offset_cents, 0) AS returned_cents, v.paid_at_ms, coalesce(v.currency, :home) AS currency,
  coalesce(sum(c.offset_cents), 0) AS set_off_cents,
  coalesce(v.paid_cents, 0) - coalesce(v.offset_cents, 0) - coalesce(sum(c.offset_cents), 0) AS left_cents
FROM approval v
LEFT JOIN approval c ON c.advance_id = v.id AND c.paid_at_ms IS NOT NULL
WHERE v.id = iif(:request__kind = 'advance', :id, :request__advance_id)
GROUP BY v.id;

-- name: to_pay :one
SELECT max(0, min(coalesce(:advance__left_cents, 0), :request__sanctioned_cents)) * (:request__kind = 'expense_claim') AS set_off_cents,
  :request__sanctioned_cents - max(0, min(coalesce(:advance__left_cents, 0), :request__sanctioned_cents)) * (:request__kind = 'expense_claim') AS cents;
