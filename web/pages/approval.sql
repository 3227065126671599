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

-- include: _approval_stands.sql

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

-- include: _expense_card.sql

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
