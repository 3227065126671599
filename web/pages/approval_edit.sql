-- page: /approvals/{id}/edit
-- query: account= account_q=

-- name: request :one
SELECT
  p.id,
  p.version,
  p.title,
  p.amount_cents,
  coalesce(p.currency, (SELECT value FROM firm_setting WHERE key = 'currency'), 'CNY') AS currency,
  coalesce(p.answers, '{}') AS answers,
  p.reason,
  p.payee,
  p.account_id,
  p.request_id,
  p.advance_id,
  coalesce(p.cc_ids, '[]') AS cc_ids,
  p.owner_id,
  p.state,
  p.definition_id,
  p.version_id
FROM approval p WHERE p.id = :id;

-- name: definition :maybe
SELECT d.id, d.name, d.kind, v.id AS version_id, v.form, v.asks, d.is_active
FROM definition_version v
JOIN approval_definition d ON d.id = v.definition_id
WHERE v.id = :request__version_id;

-- Decisions that a change makes void.
-- name: approvals_given :value
SELECT count(*) FROM approval_action
WHERE approval_id = :id AND verb = 'approve' AND effect = 'in_force' AND voided_at_ms IS NULL;

-- name: fields :many
SELECT
  j.key AS place,
  j.value ->> '$.key' AS key,
  j.value ->> '$.label' AS label,
  j.value ->> '$.type' AS type,
  coalesce(j.value ->> '$.required', 0) AS required,
  coalesce(j.value -> '$.choices', '[]') AS choices,
  coalesce(j.value ->> '$.hint', '') AS hint,
  (SELECT a.value FROM json_each(:request__answers) a WHERE a.key = j.value ->> '$.key') AS answer
FROM json_each(coalesce(:definition__form, '[]')) j
ORDER BY j.key;

-- name: asks :value
SELECT coalesce(:definition__asks, '[]');

-- Who will be asked, as far as rows can tell.
-- name: way :many
WITH RECURSIVE above (level, id) AS (
  SELECT 1, manager_id FROM user WHERE id = :me AND manager_id IS NOT NULL
  UNION
  SELECT a.level + 1, u.manager_id FROM above a JOIN user u ON u.id = a.id WHERE u.manager_id IS NOT NULL AND a.level < 20
)
SELECT
  j.key AS place,
  j.value ->> '$.key' AS key,
  coalesce(j.value ->> '$.name', '') AS name,
  j.value ->> '$.mode' AS mode,
  coalesce(j.value ->> '$.days', 0) AS days,
  j.value ->> '$.who.kind' AS kind,
  CASE j.value ->> '$.who.kind'
    WHEN 'person' THEN (SELECT group_concat(u.name, ', ' ORDER BY i.key) FROM json_each(j.value, '$.who.ids') i JOIN user u ON u.id = i.value)
    WHEN 'role' THEN (SELECT r.name FROM role r WHERE r.id = j.value ->> '$.who.id')
    WHEN 'manager' THEN (SELECT u.name FROM above a JOIN user u ON u.id = a.id WHERE a.level = 1)
    WHEN 'managers' THEN (
      SELECT group_concat(u.name, ', ' ORDER BY a.level) FROM above a JOIN user u ON u.id = a.id WHERE a.level <= j.value ->> '$.who.levels'
    )
  END AS names,
  coalesce((SELECT a.value FROM json_each(:request__answers) a WHERE a.key = 'step:' || (j.value ->> '$.key')), '') AS chosen
FROM definition_version v, json_each(v.steps) j
WHERE v.id = :definition__version_id
ORDER BY j.key;

-- Of each step its conditions, with names for ids.
-- name: conditions :many
SELECT
  j.key AS place,
  c.key AS n,
  c.value ->> '$.field' AS field,
  c.value ->> '$.op' AS op,
  c.value ->> '$.value' AS value,
  CASE c.value ->> '$.field'
    WHEN 'department' THEN (SELECT group_concat(d.name, ', ' ORDER BY i.key) FROM json_each(c.value, '$.in') i JOIN department d ON d.id = i.value)
    WHEN 'category' THEN (SELECT group_concat(g.name, ', ' ORDER BY i.key) FROM json_each(c.value, '$.in') i JOIN expense_category g ON g.id = i.value)
    ELSE (SELECT group_concat(i.value, ', ' ORDER BY i.key) FROM json_each(c.value, '$.in') i)
  END AS names,
  (SELECT f.value ->> '$.label' FROM json_each(coalesce(:definition__form, '[]')) f WHERE f.value ->> '$.key' = c.value ->> '$.key') AS label
FROM definition_version v, json_each(v.steps) j, json_each(coalesce(j.value -> '$.when', '[]')) c
WHERE v.id = :definition__version_id
ORDER BY j.key, c.key;

-- name: account :maybe
SELECT id, name, address FROM account
WHERE id = CASE :account WHEN '' THEN :request__account_id ELSE :account END;

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
SELECT id, name, title FROM user
WHERE (is_active = 1 AND id <> :me) OR id IN (SELECT value FROM json_each(:request__cc_ids))
ORDER BY name, id;

-- name: cc :many
SELECT value AS id FROM json_each(:request__cc_ids) ORDER BY value;

-- What this can rest on: my approved expense requests, and my advances that were paid.
-- name: requests :many
SELECT p.id, p.title, p.amount_cents, p.currency, p.decided_at_ms FROM approval p
JOIN approval_definition d ON d.id = p.definition_id
WHERE (p.owner_id = :me AND p.state = 'approved' AND d.kind = 'expense_request') OR p.id = :request__request_id
ORDER BY p.decided_at_ms DESC, p.id
LIMIT 50;

-- name: advances :many
SELECT p.id, p.title, p.paid_cents AS amount_cents, p.currency, p.paid_at_ms AS decided_at_ms FROM approval p
JOIN approval_definition d ON d.id = p.definition_id
WHERE (p.owner_id = :me AND p.state = 'approved' AND p.paid_at_ms IS NOT NULL AND d.kind = 'advance') OR p.id = :request__advance_id
ORDER BY p.paid_at_ms DESC, p.id
LIMIT 50;
