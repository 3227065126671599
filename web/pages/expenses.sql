-- page: /expenses
-- query: period=month from= until= person= department= category= account= state=approved by=category sales= most=50 server=

-- name: home :value
SELECT coalesce((SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY');

-- The period that is asked for; the one before it, of the same length; the same a year ago; twelve months for the trend.
-- name: days :one
WITH
asked AS (
  SELECT
    CASE
      WHEN :period = 'last' THEN date(:today, 'start of month', '-1 month')
      WHEN :period = 'quarter' THEN date(:today, 'start of month', '-' || ((CAST(substr(:today, 6, 2) AS INTEGER) - 1) % 3) || ' months')
      WHEN :period = 'year' THEN date(:today, 'start of year')
      WHEN :period = 'days' AND :from GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' THEN date(:from)
    END AS from_on,
    CASE
      WHEN :period = 'last' THEN date(:today, 'start of month', '-1 day')
      WHEN :period = 'days' AND :until GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' THEN date(:until)
    END AS until_on
),
ordered AS (
  SELECT
    coalesce(min(from_on, until_on), from_on, until_on, date(:today, 'start of month')) AS from_on,
    coalesce(max(from_on, until_on), until_on, max(coalesce(from_on, ''), :today)) AS until_on
  FROM asked
),
-- Months are held against months, a period of days against as many days before it.
compared AS (
  SELECT
    from_on,
    until_on,
    CASE :period
      WHEN 'days' THEN date(from_on, '-' || (1 + CAST(julianday(until_on) - julianday(from_on) AS INTEGER)) || ' days')
      WHEN 'year' THEN date(from_on, '-1 year')
      WHEN 'quarter' THEN date(from_on, '-3 months')
      ELSE date(from_on, '-1 month')
    END AS before_from_on,
    -- What still runs is held against as much of the one before.
    min(date(from_on, '-1 day'), CASE WHEN :period IN ('days', 'last') THEN until_on
      WHEN :period = 'year' THEN date(until_on, '-1 year') WHEN :period = 'quarter' THEN date(until_on, '-3 months')
      ELSE date(until_on, '-1 month') END) AS before_until_on
  FROM ordered
)
SELECT
  from_on,
  until_on,
  before_from_on,
  before_until_on,
  date(from_on, '-1 year') AS year_from_on,
  date(until_on, '-1 year') AS year_until_on,
  date(until_on, 'start of month', '-11 months') AS trend_from_on,
  min(before_from_on, date(from_on, '-1 year'), date(until_on, 'start of month', '-23 months')) AS all_from_on
FROM compared;

-- What was spent, added up by month and by all that can be asked for, as JSON: every sum below comes from it.
-- Lines of claims; of a claim without lines its amount. Claimed: as asked for; approved and paid: as granted.
-- [month, is in the period, in the one before, a year ago, category, person, department, account, hundredths, how many]
-- name: spent :value
WITH RECURSIVE
below (id) AS (
  SELECT :department WHERE :department <> '' UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
),
claim AS (
  SELECT a.id, a.owner_id AS person_id, u.department_id, a.account_id, a.amount_cents, a.currency,
    coalesce(a.sanctioned_cents, a.amount_cents) AS granted_cents, local_date(a.submitted_at_ms, :tz) AS submitted_on
  FROM approval a
  JOIN approval_definition d ON d.id = a.definition_id AND d.kind = 'expense_claim'
  LEFT JOIN user u ON u.id = a.owner_id
  WHERE CASE :state
      WHEN 'claimed' THEN a.state IN ('pending', 'approved')
      WHEN 'paid' THEN a.state = 'approved' AND a.paid_at_ms IS NOT NULL
      ELSE a.state = 'approved'
    END
    AND (:person = '' OR a.owner_id = :person)
    AND (:department = '' OR u.department_id IN (SELECT id FROM below))
),
line AS (
  SELECT l.spent_on AS day, l.category_id, c.person_id, c.department_id, coalesce(l.account_id, c.account_id) AS account_id,
    (iif(:state = 'claimed', l.amount_cents, coalesce(l.sanctioned_cents, l.amount_cents)) * coalesce(l.rate_e6, 1000000) + 500000) / 1000000 AS cents
  FROM claim c
  JOIN expense_line l ON l.approval_id = c.id
  UNION ALL
  SELECT c.submitted_on, NULL, c.person_id, c.department_id, c.account_id, iif(:state = 'claimed', c.amount_cents, c.granted_cents)
  FROM claim c
  WHERE c.amount_cents IS NOT NULL AND coalesce(c.currency, :home) = :home AND NOT EXISTS (SELECT 1 FROM expense_line l WHERE l.approval_id = c.id)
),
summed AS (
  SELECT substr(day, 1, 7) AS month,
    day BETWEEN :days__from_on AND :days__until_on AS is_now,
    day BETWEEN :days__before_from_on AND :days__before_until_on AS is_before,
    day BETWEEN :days__year_from_on AND :days__year_until_on AS is_year_ago,
    category_id, person_id, department_id, account_id, sum(cents) AS cents, count(*) AS times
  FROM line
  WHERE day BETWEEN :days__all_from_on AND :days__until_on
    AND (:category = '' OR category_id IS iif(:category = '-', NULL, :category))
    AND (:account = '' OR account_id IS iif(:account = '-', NULL, :account))
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT json_group_array(json_array(month, is_now, is_before, is_year_ago, category_id, person_id, department_id, account_id, cents, times))
FROM summed;

-- name: totals :one
SELECT
  coalesce(sum((value ->> 1) * (value ->> 8)), 0) AS cents,
  coalesce(sum((value ->> 2) * (value ->> 8)), 0) AS before_cents,
  coalesce(sum((value ->> 3) * (value ->> 8)), 0) AS year_ago_cents,
  coalesce(sum((value ->> 1) * (value ->> 9)), 0) AS times
FROM json_each(:spent);

-- The parts of the whole, the largest first. key '-': nothing is said there.
-- name: shares :many
WITH part AS (
  SELECT coalesce(value ->> CASE :by WHEN 'person' THEN 5 WHEN 'department' THEN 6 WHEN 'account' THEN 7 ELSE 4 END, '-') AS key,
    sum((value ->> 1) * (value ->> 8)) AS cents,
    sum((value ->> 2) * (value ->> 8)) AS before_cents,
    sum((value ->> 3) * (value ->> 8)) AS year_ago_cents
  FROM json_each(:spent)
  GROUP BY 1
),
most AS (SELECT max(cents) AS cents, sum(cents) AS all_cents FROM part)
SELECT p.key, p.cents, p.before_cents, p.year_ago_cents,
  CASE :by
    WHEN 'person' THEN (SELECT name FROM user WHERE id = p.key)
    WHEN 'department' THEN (SELECT name FROM department WHERE id = p.key)
    WHEN 'account' THEN (SELECT name FROM account WHERE id = p.key)
    ELSE (SELECT name FROM expense_category WHERE id = p.key)
  END AS name,
  CAST(round(p.cents * 1000.0 / max(1, m.cents)) AS INTEGER) AS wide,
  printf('%.1f', p.cents * 100.0 / max(1, m.all_cents)) AS percent
FROM part p, most m
WHERE p.cents > 0
ORDER BY p.cents DESC, p.key
LIMIT 40;

-- Twelve months up to the end of the period, each beside the same month a year before. Heights are thousandths of the highest.
-- name: trend :many
WITH RECURSIVE
month (n, day) AS (
  SELECT 0, :days__trend_from_on UNION ALL SELECT n + 1, date(day, '+1 month') FROM month WHERE n < 11
),
sum_of AS (SELECT value ->> 0 AS month, sum(value ->> 8) AS cents FROM json_each(:spent) GROUP BY 1),
drawn AS (
  SELECT m.n, m.day, substr(m.day, 1, 7) AS month,
    coalesce((SELECT cents FROM sum_of WHERE month = substr(m.day, 1, 7)), 0) AS cents,
    coalesce((SELECT cents FROM sum_of WHERE month = substr(date(m.day, '-1 year'), 1, 7)), 0) AS year_ago_cents
  FROM month m
)
SELECT n, day, CAST(substr(day, 6, 2) AS INTEGER) AS month_number, substr(day, 1, 4) AS year, cents, year_ago_cents,
  month BETWEEN substr(:days__from_on, 1, 7) AND substr(:days__until_on, 1, 7) AS is_now,
  CAST(round(cents * 1000.0 / (SELECT max(1, max(cents), max(year_ago_cents)) FROM drawn)) AS INTEGER) AS tall,
  CAST(round(year_ago_cents * 1000.0 / (SELECT max(1, max(cents), max(year_ago_cents)) FROM drawn)) AS INTEGER) AS year_ago_tall,
  (SELECT max(max(cents), max(year_ago_cents)) FROM drawn) AS most_cents
FROM drawn
ORDER BY n;

-- What may count as sales: requests that say customer and amount, and each kind of them that their form tells apart.
-- name: sales_kinds :many
SELECT d.id || '|' || coalesce((f.value ->> '$.key') || '|' || c.value, '') AS key, d.name, c.value AS choice,
  d.position, d.id AS definition_id,
  lower(d.name || ' ' || coalesce(d.subject, '')) LIKE '%contract%' OR d.name LIKE '%合同%' OR d.name LIKE '%合約%' OR d.name LIKE '%合约%' AS is_contract
FROM approval_definition d
JOIN definition_version w ON w.definition_id = d.id AND w.number = d.current
LEFT JOIN json_each(w.form) f ON f.value ->> '$.type' = 'choice'
LEFT JOIN json_each(f.value, '$.choices') c
WHERE d.kind = 'general'
  AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'amount') AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'account')
UNION
SELECT d.id || '|', d.name, NULL, d.position, d.id,
  lower(d.name || ' ' || coalesce(d.subject, '')) LIKE '%contract%' OR d.name LIKE '%合同%' OR d.name LIKE '%合約%' OR d.name LIKE '%合约%'
FROM approval_definition d
JOIN definition_version w ON w.definition_id = d.id AND w.number = d.current
WHERE d.kind = 'general'
  AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'amount') AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'account')
ORDER BY 4, 2, 5, 3;

-- Unless another is asked for: contracts of sale, else all contracts.
-- name: sales_kind :maybe
WITH kind AS (
  SELECT d.id || '|' || coalesce((f.value ->> '$.key') || '|' || (f.value ->> '$.choices[0]'), '') AS key, d.position, d.id
  FROM approval_definition d
  JOIN definition_version w ON w.definition_id = d.id AND w.number = d.current
  LEFT JOIN json_each(w.form) f ON f.value ->> '$.type' = 'choice'
  WHERE d.kind = 'general' AND (lower(d.name || ' ' || coalesce(d.subject, '')) LIKE '%contract%' OR d.name LIKE '%合同%' OR d.name LIKE '%合約%' OR d.name LIKE '%合约%')
    AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'amount') AND EXISTS (SELECT 1 FROM json_each(w.asks) WHERE value = 'account')
  ORDER BY d.position, d.id, f.key
  LIMIT 1
),
chosen AS (SELECT coalesce(nullif(:sales, ''), (SELECT key FROM kind)) AS key)
SELECT key,
  substr(key, 1, instr(key, '|') - 1) AS definition_id,
  substr(key, instr(key, '|') + 1, max(0, instr(substr(key, instr(key, '|') + 1), '|') - 1)) AS field,
  iif(instr(substr(key, instr(key, '|') + 1), '|') > 0, substr(key, instr(key, '|') + instr(substr(key, instr(key, '|') + 1), '|') + 1), '') AS choice
FROM chosen WHERE key IS NOT NULL;

-- What a customer cost against what was sold to them: approved requests of that kind, by the day of the decision.
-- name: accounts :many
WITH
cost AS (
  SELECT value ->> 7 AS id, sum((value ->> 1) * (value ->> 8)) AS cents FROM json_each(:spent) WHERE value ->> 7 IS NOT NULL GROUP BY 1
),
sale AS (
  SELECT a.account_id AS id, sum(a.amount_cents) AS cents
  FROM approval a
  WHERE a.definition_id = :sales_kind__definition_id AND a.state = 'approved' AND a.account_id IS NOT NULL AND a.amount_cents IS NOT NULL
    AND coalesce(a.currency, :home) = :home
    AND a.decided_at_ms >= day_start_ms(:days__from_on, :tz) AND a.decided_at_ms < day_start_ms(add_days(:days__until_on, 1), :tz)
    AND (:sales_kind__choice = '' OR (SELECT j.value FROM json_each(a.answers) j WHERE j.key = :sales_kind__field) = :sales_kind__choice)
    AND (:account = '' OR a.account_id = :account)
    AND (:person = '' OR a.owner_id = :person)
  GROUP BY a.account_id
),
both AS (
  SELECT id, coalesce(sum(cost), 0) AS cents, coalesce(sum(sold), 0) AS sales_cents
  FROM (SELECT id, cents AS cost, NULL AS sold FROM cost UNION ALL SELECT id, NULL, cents FROM sale)
  GROUP BY id
)
SELECT b.id, k.name, b.cents, b.sales_cents,
  CAST(round(b.cents * 1000.0 / (SELECT max(1, max(cents), max(sales_cents)) FROM both)) AS INTEGER) AS wide,
  CAST(round(b.sales_cents * 1000.0 / (SELECT max(1, max(cents), max(sales_cents)) FROM both)) AS INTEGER) AS sales_wide,
  iif(b.sales_cents > 0, printf('%.1f', b.cents * 100.0 / b.sales_cents), NULL) AS percent
FROM both b
LEFT JOIN account k ON k.id = b.id
WHERE b.cents > 0 OR b.sales_cents > 0
ORDER BY b.cents DESC, b.sales_cents DESC, b.id
LIMIT 30;

-- The lines themselves, newest first. The file of this query asks for all of them (most=-1).
-- name: lines :many
WITH RECURSIVE
below (id) AS (
  SELECT :department WHERE :department <> '' UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id
),
claim AS (
  SELECT a.id, a.title, a.state, a.paid_at_ms, a.owner_id AS person_id, u.name AS person_name, u.department_id, a.account_id, a.amount_cents, a.currency,
    coalesce(a.sanctioned_cents, a.amount_cents) AS granted_cents, local_date(a.submitted_at_ms, :tz) AS submitted_on
  FROM approval a
  JOIN approval_definition d ON d.id = a.definition_id AND d.kind = 'expense_claim'
  LEFT JOIN user u ON u.id = a.owner_id
  WHERE CASE :state
      WHEN 'claimed' THEN a.state IN ('pending', 'approved')
      WHEN 'paid' THEN a.state = 'approved' AND a.paid_at_ms IS NOT NULL
      ELSE a.state = 'approved'
    END
    AND (:person = '' OR a.owner_id = :person)
    AND (:department = '' OR u.department_id IN (SELECT id FROM below))
),
line AS (
  SELECT l.id, c.id AS claim_id, c.title, c.state, c.paid_at_ms, c.person_name, c.department_id, l.spent_on AS day, l.category_id,
    coalesce(l.account_id, c.account_id) AS account_id, l.amount_cents, l.sanctioned_cents, l.currency, l.rate_e6, l.receipt_no, l.note,
    (iif(:state = 'claimed', l.amount_cents, coalesce(l.sanctioned_cents, l.amount_cents)) * coalesce(l.rate_e6, 1000000) + 500000) / 1000000 AS cents
  FROM claim c
  JOIN expense_line l ON l.approval_id = c.id
  UNION ALL
  SELECT c.id, c.id, c.title, c.state, c.paid_at_ms, c.person_name, c.department_id, c.submitted_on, NULL, c.account_id,
    c.amount_cents, c.granted_cents, c.currency, 1000000, NULL, NULL, iif(:state = 'claimed', c.amount_cents, c.granted_cents)
  FROM claim c
  WHERE c.amount_cents IS NOT NULL AND coalesce(c.currency, :home) = :home AND NOT EXISTS (SELECT 1 FROM expense_line l WHERE l.approval_id = c.id)
)
SELECT l.id, l.claim_id, l.title, l.state, l.paid_at_ms, l.person_name, p.name AS department_name, l.day, g.name AS category_name,
  k.name AS account_name, l.amount_cents, l.sanctioned_cents, l.currency, l.rate_e6, l.receipt_no, l.note, l.cents
FROM line l
LEFT JOIN department p ON p.id = l.department_id
LEFT JOIN expense_category g ON g.id = l.category_id
LEFT JOIN account k ON k.id = l.account_id
WHERE l.day BETWEEN :days__from_on AND :days__until_on
  AND (:category = '' OR l.category_id IS iif(:category = '-', NULL, :category))
  AND (:account = '' OR l.account_id IS iif(:account = '-', NULL, :account))
ORDER BY l.day DESC, l.id DESC
LIMIT CAST(:most AS INTEGER);

-- name: people :many
SELECT DISTINCT u.id, u.name
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id AND d.kind = 'expense_claim'
JOIN user u ON u.id = a.owner_id
ORDER BY u.id <> :me, u.name, u.id
LIMIT 500;

-- name: departments :many
SELECT id, name FROM department ORDER BY position, name, id;

-- name: categories :many
SELECT id, name, is_active FROM expense_category ORDER BY is_active DESC, position, name, id;

-- name: account_chosen :maybe
SELECT id, name FROM account WHERE id = :account;

-- name: mine :one
SELECT
  (
    SELECT count(*) FROM approval a JOIN approval_definition d ON d.id = a.definition_id AND d.kind = 'expense_claim'
    WHERE a.owner_id = :me AND a.state IN ('draft', 'returned', 'recalled')
  ) AS open_claims,
  EXISTS (SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND r.is_cashier = 1) AS is_cashier,
  (
    SELECT count(*) FROM approval a JOIN approval_definition d ON d.id = a.definition_id AND d.kind IN ('advance', 'expense_claim')
    WHERE a.state = 'approved' AND a.paid_at_ms IS NULL
  ) AS to_pay;
