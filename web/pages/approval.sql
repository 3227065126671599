-- page: /approvals/{id}
-- query: seen=

-- name: approval :one
SELECT
  p.id,
  p.version,
  p.definition_id,
  p.version_id,
  d.name AS definition_name,
  d.kind,
  p.title,
  p.state,
  p.amount_cents,
  p.currency,
  coalesce(p.answers, '{}') AS answers,
  p.reason,
  p.payee,
  p.account_id,
  a.name AS account_name,
  p.request_id,
  (SELECT r.title FROM approval r WHERE r.id = p.request_id) AS request_title,
  p.advance_id,
  (SELECT r.title FROM approval r WHERE r.id = p.advance_id) AS advance_title,
  (SELECT group_concat(u.name, ', ' ORDER BY j.key) FROM json_each(p.cc_ids) j JOIN user u ON u.id = j.value) AS cc_names,
  p.owner_id,
  p.owner_id IS :me AS is_mine,
  o.name AS owner_name,
  o.title AS owner_title,
  g.name AS department_name,
  p.applicant_id,
  p.revision,
  p.revision_hash,
  (SELECT group_concat(u.name, ', ' ORDER BY j.key) FROM json_each(p.waiting_ids) j JOIN user u ON u.id = j.value) AS waiting_names,
  p.submitted_at_ms,
  p.due_at_ms,
  p.state = 'pending' AND p.due_at_ms < :now_ms AS is_late,
  p.decided_at_ms,
  p.sanctioned_cents,
  p.paid_cents,
  p.offset_cents,
  p.paid_at_ms,
  (SELECT u.name FROM user u WHERE u.id = p.paid_by) AS paid_by_name,
  p.created_at_ms,
  EXISTS (SELECT 1 FROM outbox x WHERE x.row_id = p.id AND x.state <> 'acked') AS is_unsent,
  (SELECT x.id FROM conflict x WHERE x.target_id = p.id AND x.settled_at_ms IS NULL ORDER BY x.id LIMIT 1) AS conflict_id
FROM approval p
LEFT JOIN approval_definition d ON d.id = p.definition_id
LEFT JOIN account a ON a.id = p.account_id
LEFT JOIN user o ON o.id = p.owner_id
LEFT JOIN department g ON g.id = o.department_id
WHERE p.id = :id;

-- What was shown, in short: a page that follows sync asks with it whether anything else stands now.
-- name: stamp :value
SELECT coalesce(:approval__state, '') || '.' || coalesce(:approval__revision_hash, '') || '.' || coalesce(
  (SELECT s.id FROM approval_step s WHERE s.approval_id = :id AND s.state = 'active' ORDER BY s.position, s.id LIMIT 1), ''
);

-- name: asks :value
SELECT coalesce((SELECT v.asks FROM definition_version v WHERE v.id = :approval__version_id), '[]');

-- The definition's own fields, answered.
-- name: fields :many
SELECT
  j.key AS place,
  j.value ->> '$.key' AS key,
  j.value ->> '$.label' AS label,
  j.value ->> '$.type' AS type,
  a.value AS answer,
  CASE j.value ->> '$.type' WHEN 'person' THEN (SELECT u.name FROM user u WHERE u.id = a.value) END AS person_name
FROM definition_version v, json_each(v.form) j
LEFT JOIN json_each(:approval__answers) a ON a.key = j.value ->> '$.key'
WHERE v.id = :approval__version_id
ORDER BY j.key;

-- name: files :many
SELECT f.id, f.hash, f.name, f.media_type, f.bytes, f.owner_id, f.stored_at_ms, f.target_entity, f.target_id, f.version
FROM attachment f
WHERE f.approval_id = :id
ORDER BY f.created_at_ms, f.id;

-- Whose steps I may decide, as approvals.sql reckons it.
-- name: stands :value
WITH RECURSIVE away (id) AS (
  SELECT :me
  UNION
  SELECT s.owner_id FROM away a JOIN substitute s ON s.substitute_id = a.id
  WHERE s.from_on <= :today AND s.until_on >= :today
)
SELECT json_group_array(id ORDER BY id) FROM away;

-- The open step of the revision that stands.
-- name: step :maybe
SELECT s.id, s.name, s.mode, s.position, coalesce(s.waiting_ids, '[]') AS waiting_ids
FROM approval_step s
WHERE s.approval_id = :id AND s.state = 'active' AND :approval__state = 'pending'
ORDER BY s.position, s.id
LIMIT 1;

-- For whom I may decide it: first for myself.
-- name: decide_for :maybe
SELECT u.id, u.name, u.id IS NOT :me AS is_other, (
  SELECT max(s.until_on) FROM substitute s
  WHERE s.owner_id = u.id AND s.substitute_id = :me AND s.from_on <= :today AND s.until_on >= :today
) AS until_on
FROM json_each(coalesce(:step__waiting_ids, '[]')) w
JOIN user u ON u.id = w.value
WHERE :approval__owner_id IS NOT :me AND w.value IN (SELECT value FROM json_each(:stands))
ORDER BY u.id IS NOT :me, w.key
LIMIT 1;

-- What I did here that the server has not judged yet; n: its entry in the outbox.
-- name: unsent :many
SELECT a.id, a.verb, a.note, a.created_at_ms, o.n, o.state, o.reason, o.detail
FROM approval_action a
LEFT JOIN outbox o ON o.row_id = a.id AND o.state <> 'acked'
WHERE a.approval_id = :id AND a.owner_id = :me AND a.effect IS NULL
ORDER BY a.created_at_ms, a.id;

-- My last decision, where it came too late for what I had seen.
-- name: late :maybe
SELECT
  a.id,
  a.verb,
  a.effect,
  a.note,
  a.created_at_ms,
  met.name AS met_name,
  coalesce((SELECT max(r.number) FROM approval_revision r WHERE r.approval_id = :id AND r.hash = a.revision_hash), 0) AS seen_number
FROM approval_action a
LEFT JOIN user met ON met.id = a.met_by
WHERE a.approval_id = :id AND a.owner_id = :me AND a.effect IN ('changed_meanwhile', 'already_decided')
  AND NOT EXISTS (
    SELECT 1 FROM approval_action b
    WHERE b.approval_id = :id AND b.owner_id = :me AND b.verb IN ('approve', 'reject', 'return', 'transfer')
      AND (b.created_at_ms, b.id) > (a.created_at_ms, a.id) AND b.effect IS NOT 'already_decided'
  )
ORDER BY a.created_at_ms DESC, a.id DESC
LIMIT 1;

-- The way of the revision that stands, and of those before it.
-- name: steps :many
SELECT
  s.id,
  s.revision,
  s.position,
  s.key,
  s.name,
  s.mode,
  s.state,
  s.instead,
  adder.name AS added_by_name,
  s.opened_at_ms,
  s.due_at_ms,
  s.state = 'active' AND s.due_at_ms < :now_ms AS is_late,
  s.done_at_ms,
  s.revision < :approval__revision AS is_earlier
FROM approval_step s
LEFT JOIN user adder ON adder.id = s.added_by
WHERE s.approval_id = :id
ORDER BY s.revision DESC, s.position, s.id;

-- Who is asked in them, and what each answered.
-- name: asked :many
SELECT
  s.id AS step_id,
  j.key AS place,
  u.id AS user_id,
  u.name,
  u.is_active,
  s.state = 'active' AND EXISTS (SELECT 1 FROM json_each(s.waiting_ids) w WHERE w.value = u.id) AS is_waited_for,
  a.verb,
  a.created_at_ms AS decided_at_ms,
  a.voided_at_ms,
  iif(a.owner_id IS NOT u.id, (SELECT b.name FROM user b WHERE b.id = a.owner_id), NULL) AS by_name
FROM approval_step s, json_each(s.asked_ids) j
JOIN user u ON u.id = j.value
LEFT JOIN approval_action a ON a.id = (
  SELECT b.id FROM approval_action b
  WHERE b.step_id = s.id AND b.effect = 'in_force' AND b.verb IN ('approve', 'reject', 'return') AND coalesce(b.on_behalf_of, b.owner_id) = u.id
  ORDER BY b.created_at_ms DESC, b.id DESC
  LIMIT 1
)
WHERE s.approval_id = :id
ORDER BY s.revision DESC, s.position, s.id, j.key;

-- Everything that was done, in order.
-- name: trail :many
SELECT
  a.id,
  a.verb,
  a.note,
  a.owner_id,
  u.name AS by_name,
  behalf.name AS behalf_name,
  (SELECT group_concat(t.name, ', ' ORDER BY j.key) FROM json_each(a.target_ids) j JOIN user t ON t.id = j.value) AS target_names,
  a.mode,
  a.amount_cents,
  a.revision,
  (SELECT max(r.number) FROM approval_revision r WHERE r.approval_id = :id AND r.hash = a.revision_hash) AS seen_number,
  s.name AS step_name,
  (SELECT t.name FROM approval_step t WHERE t.id = a.to_step_id) AS to_step_name,
  a.to_step_id,
  a.effect,
  met.name AS met_name,
  a.effect_at_ms,
  a.voided_at_ms,
  a.created_at_ms,
  o.state AS outbox_state,
  o.n AS outbox_n,
  o.reason AS outbox_reason,
  o.detail AS outbox_detail
FROM approval_action a
LEFT JOIN user u ON u.id = a.owner_id
LEFT JOIN user behalf ON behalf.id = a.on_behalf_of
LEFT JOIN user met ON met.id = a.met_by
LEFT JOIN approval_step s ON s.id = a.step_id
LEFT JOIN outbox o ON o.row_id = a.id AND o.state <> 'acked'
WHERE a.approval_id = :id
ORDER BY coalesce(a.effect_at_ms, 9007199254740991), a.created_at_ms, a.id;

-- name: revisions :many
SELECT r.number, r.hash, r.created_at_ms FROM approval_revision r WHERE r.approval_id = :id ORDER BY r.number DESC;

-- What became of one revision in the next, and of the one that I decided about in the one that stands (seen = 1).
-- Lines are compared whole, by their ids.
-- name: changes :many
WITH
pair (was, now, seen) AS (
  SELECT number - 1, number, 0 FROM approval_revision WHERE approval_id = :id AND number > 1
  UNION ALL
  SELECT :late__seen_number, :approval__revision, 1 WHERE :late__seen_number BETWEEN 1 AND :approval__revision - 1
),
told (number, part, field, value) AS MATERIALIZED (
  SELECT r.number, 'field', j.key, j.value FROM approval_revision r, json_each(r.content) j
  WHERE r.approval_id = :id AND j.key NOT IN ('answers', 'lines', 'attachments', 'version_id', 'currency')
  UNION ALL
  SELECT r.number, 'answer', j.key, j.value FROM approval_revision r, json_each(r.content, '$.answers') j WHERE r.approval_id = :id
  UNION ALL
  SELECT r.number, 'line', j.value ->> '$.id', json(j.value) FROM approval_revision r, json_each(r.content, '$.lines') j WHERE r.approval_id = :id
  UNION ALL
  SELECT r.number, 'file', j.value, j.value FROM approval_revision r, json_each(r.content, '$.attachments') j WHERE r.approval_id = :id
),
named (was, now, seen, part, field) AS (
  SELECT p.was, p.now, p.seen, t.part, t.field FROM pair p JOIN told t ON t.number = p.was
  UNION
  SELECT p.was, p.now, p.seen, t.part, t.field FROM pair p JOIN told t ON t.number = p.now
)
SELECT
  n.was AS was_number,
  n.now AS now_number,
  n.seen,
  n.part,
  n.field,
  w.value AS was,
  t.value AS now,
  (SELECT f.value ->> '$.label' FROM definition_version v, json_each(v.form) f WHERE v.id = :approval__version_id AND f.value ->> '$.key' = n.field) AS label,
  (SELECT f.value ->> '$.type' FROM definition_version v, json_each(v.form) f WHERE v.id = :approval__version_id AND f.value ->> '$.key' = n.field) AS type,
  CASE
    WHEN n.part = 'line' THEN (SELECT c.name FROM expense_category c WHERE c.id = coalesce(t.value, w.value) ->> '$.category_id')
    WHEN n.part = 'file' THEN (SELECT f.name FROM attachment f WHERE f.hash = n.field AND f.approval_id = :id ORDER BY f.id LIMIT 1)
    WHEN n.field = 'account_id' THEN (SELECT name FROM account WHERE id = w.value)
    WHEN n.field IN ('request_id', 'advance_id') THEN (SELECT title FROM approval WHERE id = w.value)
    WHEN n.part = 'answer' THEN (
      SELECT group_concat(u.name, ', ' ORDER BY u.name) FROM user u WHERE ' ' || w.value || ' ' LIKE '% ' || u.id || ' %'
    )
  END AS was_shown,
  CASE
    WHEN n.field = 'account_id' THEN (SELECT name FROM account WHERE id = t.value)
    WHEN n.field IN ('request_id', 'advance_id') THEN (SELECT title FROM approval WHERE id = t.value)
    WHEN n.part = 'answer' THEN (
      SELECT group_concat(u.name, ', ' ORDER BY u.name) FROM user u WHERE ' ' || t.value || ' ' LIKE '% ' || u.id || ' %'
    )
  END AS now_shown
FROM named n
LEFT JOIN told w ON w.number = n.was AND w.part = n.part AND w.field = n.field
LEFT JOIN told t ON t.number = n.now AND t.part = n.part AND t.field = n.field
WHERE coalesce(w.value, '') <> coalesce(t.value, '')
ORDER BY n.now DESC, n.seen, n.was, n.part = 'line', n.part = 'file', n.part, n.field;

-- Steps that were decided before the open one: it can go back to them.
-- name: earlier_steps :many
SELECT s.id, s.name, (SELECT group_concat(u.name, ', ' ORDER BY j.key) FROM json_each(s.asked_ids) j JOIN user u ON u.id = j.value) AS names
FROM approval_step s
WHERE s.approval_id = :id AND s.revision = :approval__revision AND s.state = 'done' AND s.position < :step__position
ORDER BY s.position, s.id;

-- name: people :many
SELECT id, name, title FROM user WHERE is_active = 1 AND id <> :me AND id IS NOT :approval__owner_id ORDER BY name, id;

-- name: nudged_at_ms :value
SELECT max(created_at_ms) FROM approval_action WHERE approval_id = :id AND verb = 'nudge' AND effect IS NOT 'already_decided';

-- Who decided last, for what is decided.
-- name: decider :maybe
SELECT a.verb, u.name, behalf.name AS behalf_name, a.note, a.created_at_ms
FROM approval_action a
LEFT JOIN user u ON u.id = a.owner_id
LEFT JOIN user behalf ON behalf.id = a.on_behalf_of
WHERE a.approval_id = :id AND a.effect = 'in_force' AND a.verb IN ('approve', 'reject', 'return', 'void', 'recall')
ORDER BY a.effect_at_ms DESC, a.id DESC
LIMIT 1;

-- Expenses: lines, warnings, balances (_expense_parts.html). Their queries stand below this line.
-- The first three are those of expense_lines.sql.

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

-- The advance itself, or the one that this claim is set off against, once it was paid: what is left of it.
-- name: expense_advance :maybe
SELECT v.id, v.paid_cents, coalesce(v.offset_cents, 0) AS returned_cents,
  coalesce(v.currency, (SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS currency,
  coalesce(sum(c.offset_cents), 0) AS set_off_cents,
  v.paid_cents - coalesce(v.offset_cents, 0) - coalesce(sum(c.offset_cents), 0) AS left_cents
FROM approval v
LEFT JOIN approval c ON c.advance_id = v.id AND c.paid_at_ms IS NOT NULL
WHERE v.id = iif(:approval__kind = 'advance', :id, :approval__advance_id) AND v.paid_at_ms IS NOT NULL
GROUP BY v.id;

-- Advances and claims that rest on this request or advance.
-- name: expense_followers :many
SELECT a.id, a.title, d.kind, a.state, a.paid_at_ms, coalesce(a.sanctioned_cents, a.amount_cents) AS amount_cents, a.currency
FROM approval a
LEFT JOIN approval_definition d ON d.id = a.definition_id
WHERE :approval__kind IN ('expense_request', 'advance') AND (a.request_id = :id OR a.advance_id = :id)
ORDER BY a.created_at_ms, a.id
LIMIT 50;

-- name: is_cashier :value
SELECT EXISTS (SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND r.is_cashier = 1);
