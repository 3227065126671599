-- Lines, receipts and warnings of one request.

-- The lines of this claim, in the order of what was submitted, with their worth in the firm's currency.
-- name: expense_lines :many
SELECT
  l.id,
  l.version,
  l.spent_on,
  l.category_id,
  c.name AS category_name,
  l.amount_cents,
  l.currency,
  coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS home,
  l.rate_e6,
  rtrim(rtrim(printf('%.6f', l.rate_e6 / 1000000.0), '0'), '.') AS rate,
  (l.amount_cents * coalesce(l.rate_e6, 1000000) + 500000) / 1000000 AS home_cents,
  l.sanctioned_cents,
  (coalesce(l.sanctioned_cents, l.amount_cents) * coalesce(l.rate_e6, 1000000) + 500000) / 1000000 AS sanctioned_home_cents,
  l.account_id,
  k.name AS account_name,
  l.activity_id,
  v.kind AS activity_kind,
  v.at_ms AS activity_at_ms,
  l.receipt_no,
  l.note,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = l.id AND o.state <> 'acked') AS is_unsent
FROM expense_line l
LEFT JOIN expense_category c ON c.id = l.category_id
LEFT JOIN account k ON k.id = l.account_id
LEFT JOIN activity v ON v.id = l.activity_id
WHERE l.approval_id = :id
ORDER BY l.position IS NULL, l.position, l.id;

-- name: expense_receipts :many
SELECT f.id, f.version, f.target_id AS line_id, f.hash, f.name, f.media_type, f.bytes, f.owner_id, f.stored_at_ms
FROM attachment f
WHERE f.approval_id = :id AND f.target_entity = 'expense_line'
ORDER BY f.id;

-- What a line, or a day or month of lines, does not keep to. line_id: NULL where it is about several.
-- Limits of a day and a month count the person's other live requests of the same kind that are here, too.
-- name: expense_warnings :many
WITH
this AS (
  SELECT a.id, d.kind, a.owner_id AS person_id, u.role_id, a.request_id,
    coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS home,
    coalesce(local_date(a.submitted_at_ms, :tz), :today) AS made_on
  FROM approval a
  JOIN approval_definition d ON d.id = a.definition_id
  LEFT JOIN user u ON u.id = a.owner_id
  WHERE a.id = :id
),
line AS MATERIALIZED (
  SELECT l.*, (l.amount_cents * coalesce(l.rate_e6, 1000000) + 500000) / 1000000 AS cents
  FROM expense_line l
  WHERE l.approval_id = :id
),
-- Every line of this person's requests like this one that is not refused: here, or in another.
theirs AS MATERIALIZED (
  SELECT l.id, l.spent_on, l.category_id, l.approval_id,
    (l.amount_cents * coalesce(l.rate_e6, 1000000) + 500000) / 1000000 AS cents
  FROM this t
  JOIN approval a ON a.owner_id = t.person_id AND (a.id = t.id OR a.state IN ('draft', 'pending', 'returned', 'recalled', 'approved'))
  JOIN approval_definition d ON d.id = a.definition_id AND d.kind = t.kind
  JOIN expense_line l ON l.approval_id = a.id
  WHERE l.spent_on BETWEEN (SELECT date(min(spent_on), 'start of month') FROM line)
    AND (SELECT date(max(spent_on), 'start of month', '+1 month', '-1 day') FROM line)
),
-- A rule for the person's role stands in for the one for every role.
rule AS MATERIALIZED (
  SELECT p.id, p.category_id, p.per, p.most_cents, p.receipt_from_cents, p.note, c.name AS category_name
  FROM this t
  JOIN expense_policy p ON p.is_active = 1 AND (p.role_id IS NULL OR p.role_id = t.role_id)
  LEFT JOIN expense_category c ON c.id = p.category_id
  WHERE p.role_id IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM expense_policy q
    WHERE q.is_active = 1 AND q.role_id = t.role_id AND q.category_id IS p.category_id AND q.per = p.per
      AND (q.most_cents IS NULL) = (p.most_cents IS NULL)
  )
),
-- What is in another live request of the same kind, or in another line of this one, and looks the same.
other AS MATERIALIZED (
  SELECT l.id, l.approval_id, l.spent_on, l.category_id, l.amount_cents, l.currency, l.receipt_no, l.owner_id, a.title
  FROM this t
  JOIN approval_definition d ON d.kind = t.kind
  JOIN approval a ON a.definition_id = d.id AND (a.id = t.id OR a.state IN ('draft', 'pending', 'returned', 'recalled', 'approved'))
  JOIN expense_line l ON l.approval_id = a.id
  WHERE l.spent_on IN (SELECT spent_on FROM line) OR l.receipt_no IN (SELECT receipt_no FROM line)
    OR l.id IN (SELECT g.target_id FROM attachment f JOIN attachment g ON g.hash = f.hash WHERE f.approval_id = :id AND f.target_entity = 'expense_line')
),
found AS (
  SELECT l.id AS line_id, 'line_limit' AS code, r.category_name AS category, NULL AS day, l.cents, r.most_cents AS limit_cents,
    NULL AS elsewhere_cents, r.note AS words, NULL AS other_id, NULL AS other_title
  FROM line l
  JOIN rule r ON r.per = 'line' AND l.cents > r.most_cents AND (
    r.category_id = l.category_id
    OR r.category_id IS NULL AND NOT EXISTS (SELECT 1 FROM rule q WHERE q.per = 'line' AND q.category_id = l.category_id AND q.most_cents IS NOT NULL)
  )
  UNION ALL
  SELECT NULL, r.per || '_limit', r.category_name, min(t.spent_on), sum(t.cents), r.most_cents,
    sum(iif(t.approval_id <> :id, t.cents, 0)), r.note, NULL, NULL
  FROM rule r
  JOIN theirs t ON r.category_id IS NULL OR t.category_id = r.category_id
  WHERE r.per IN ('day', 'month') AND r.most_cents IS NOT NULL
  GROUP BY r.id, substr(t.spent_on, 1, iif(r.per = 'day', 10, 7))
  HAVING sum(t.cents) > r.most_cents AND sum(t.approval_id = :id) > 0
  UNION ALL
  SELECT l.id, 'no_receipt', NULL, NULL, l.cents, min(r.receipt_from_cents), NULL, r.note, NULL, NULL
  FROM line l
  JOIN this t ON t.kind = 'expense_claim'
  JOIN rule r ON l.cents >= r.receipt_from_cents AND (
    r.category_id = l.category_id
    OR r.category_id IS NULL AND NOT EXISTS (SELECT 1 FROM rule q WHERE q.category_id = l.category_id AND q.receipt_from_cents IS NOT NULL)
  )
  WHERE NOT EXISTS (SELECT 1 FROM attachment f WHERE f.approval_id = :id AND f.target_id = l.id)
  GROUP BY l.id
  UNION ALL
  SELECT l.id, 'same_file', NULL, NULL, NULL, NULL, NULL, NULL, min(o.approval_id), o.title
  FROM line l
  JOIN attachment f ON f.target_id = l.id AND f.approval_id = :id
  JOIN attachment g ON g.hash = f.hash AND g.target_id <> l.id
  JOIN other o ON o.id = g.target_id
  GROUP BY l.id
  UNION ALL
  SELECT l.id, 'same_number', NULL, NULL, NULL, NULL, NULL, l.receipt_no, min(o.approval_id), o.title
  FROM line l
  JOIN other o ON o.receipt_no = l.receipt_no AND o.id <> l.id
  GROUP BY l.id
  UNION ALL
  SELECT l.id, 'same_facts', NULL, NULL, NULL, NULL, NULL, NULL, min(o.approval_id), o.title
  FROM line l
  JOIN other o ON o.id <> l.id AND o.spent_on = l.spent_on AND o.amount_cents = l.amount_cents AND o.currency = l.currency
    AND o.category_id = l.category_id AND o.owner_id = l.owner_id
  GROUP BY l.id
  UNION ALL
  SELECT l.id, iif(l.spent_on > t.made_on, 'future', 'old'), NULL, l.spent_on, NULL, NULL, NULL, NULL, NULL, NULL
  FROM line l
  JOIN this t ON t.kind = 'expense_claim' AND (l.spent_on > t.made_on OR l.spent_on < add_days(t.made_on, -180))
  UNION ALL
  SELECT l.id, 'no_rate', l.currency, NULL, l.amount_cents, NULL, NULL, t.home, NULL, NULL
  FROM line l
  JOIN this t ON l.currency <> t.home AND coalesce(l.rate_e6, 1000000) = 1000000
)
SELECT f.*, coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS home
FROM found f
ORDER BY f.line_id IS NOT NULL, f.line_id, f.code, f.day, f.limit_cents
LIMIT 200;
