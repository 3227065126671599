-- page: /conflicts/{id}

-- name: conflict :one
SELECT
  x.id,
  x.version,
  x.target_entity,
  x.target_id,
  x.account_id,
  a.name AS account_name,
  x.kind,
  x.unit,
  x.kept,
  x.kept_by,
  keeper.name AS kept_by_name,
  x.kept_at_ms,
  x.kept_device,
  x.lost,
  x.lost_by,
  loser.name AS lost_by_name,
  x.lost_at_ms,
  x.lost_device,
  x.settled_at_ms,
  settler.name AS settled_by_name,
  CASE x.target_entity
    WHEN 'account' THEN (SELECT name FROM account WHERE id = x.target_id)
    WHEN 'contact' THEN (SELECT name FROM contact WHERE id = x.target_id)
    WHEN 'event' THEN (SELECT title FROM event WHERE id = x.target_id)
    WHEN 'task' THEN (SELECT title FROM task WHERE id = x.target_id)
    WHEN 'relation' THEN (SELECT role FROM relation WHERE id = x.target_id)
    WHEN 'activity' THEN (SELECT substr(body, 1, 120) FROM activity WHERE id = x.target_id)
    WHEN 'sticky' THEN (SELECT substr(body, 1, 120) FROM sticky WHERE id = x.target_id)
    WHEN 'comment' THEN (SELECT substr(body, 1, 120) FROM comment WHERE id = x.target_id)
    WHEN 'approval' THEN (SELECT title FROM approval WHERE id = x.target_id)
    WHEN 'expense_line' THEN (SELECT c.name FROM expense_line l JOIN expense_category c ON c.id = l.category_id WHERE l.id = x.target_id)
  END AS title,
  x.kept ->> '$.deleted' AS kept_deletes,
  x.lost ->> '$.deleted' AS lost_deletes,
  -- Of a proposal: the members of a set; a new row, without what follows from whoever takes it.
  CASE WHEN x.unit IN ('phones', 'emails', 'tags', 'contact_ids', 'attendee_ids', 'mention_ids') THEN x.lost ->> ('$.' || x.unit) END AS lost_set,
  json_remove(x.lost, '$.owner_id', '$.assignee_id', '$.owner_since_ms') AS lost_new,
  x.kind = 'proposal' AND x.lost_by IS :me AND a.owner_id IS NOT :me AND x.kept_by IS NOT :me AS is_own_proposal,
  -- Shared for looking only, with somebody who reaches nobody else: the server would refuse what they decide.
  a.owner_id IS NOT NULL AND a.owner_id IS NOT :me
    AND EXISTS (SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND r.data_scope = 'own')
    AND 'read' = (
      SELECT max(m.access) FROM account_member m
      WHERE m.account_id = x.account_id AND m.user_id = :me AND (m.until_on IS NULL OR m.until_on >= :today)
    ) AS is_looker
FROM conflict x
LEFT JOIN account a ON a.id = x.account_id
LEFT JOIN user keeper ON keeper.id = x.kept_by
LEFT JOIN user loser ON loser.id = x.lost_by
LEFT JOIN user settler ON settler.id = x.settled_by
WHERE x.id = :id;

-- name: listed :value
SELECT json_array(:id);

-- The row as it stands now, whichever entity it is of.
-- name: target :maybe
SELECT version, owner_id, json_object(
    'kind', kind, 'name', name, 'short_name', short_name, 'level', level, 'industry', industry,
    'source', source, 'region', region, 'phones', phones, 'emails', emails, 'tags', tags, 'website', website, 'address', address, 'lat_e6', lat_e6,
    'lng_e6', lng_e6, 'employees', employees, 'founded_year', founded_year,
    'annual_revenue_k', annual_revenue_k, 'parent_id', parent_id, 'next_contact_on', next_contact_on,
    'note', note, 'owner_id', owner_id
  ) AS fields
FROM account WHERE :conflict__target_entity = 'account' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'account_id', account_id, 'name', name, 'title', title, 'department', department, 'influence', influence,
    'phones', phones, 'emails', emails, 'tags', tags,
    'wechat', wechat, 'address', address, 'birthday', birthday, 'note', note, 'owner_id', owner_id
  ) AS fields
FROM contact WHERE :conflict__target_entity = 'contact' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'title', title, 'kind', kind, 'start_ms', start_ms, 'end_ms', end_ms, 'is_all_day', is_all_day,
    'place', place, 'note', note, 'account_id', account_id, 'remind_minutes', remind_minutes,
    'contact_ids', contact_ids, 'attendee_ids', attendee_ids, 'rrule', rrule, 'timezone', timezone,
    'cancelled_at_ms', cancelled_at_ms, 'owner_id', owner_id
  ) AS fields
FROM event WHERE :conflict__target_entity = 'event' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'title', title, 'note', note, 'is_important', is_important, 'is_urgent', is_urgent, 'due_on', due_on,
    'done_at_ms', done_at_ms, 'account_id', account_id, 'contact_id', contact_id, 'assignee_id', assignee_id,
    'owner_id', owner_id
  ) AS fields
FROM task WHERE :conflict__target_entity = 'task' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'from_account_id', from_account_id, 'from_contact_id', from_contact_id, 'to_account_id', to_account_id,
    'to_contact_id', to_contact_id, 'role', role, 'reverse_role', reverse_role, 'note', note,
    'owner_id', owner_id
  ) AS fields
FROM relation WHERE :conflict__target_entity = 'relation' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'account_id', account_id, 'contact_ids', contact_ids, 'event_id', event_id, 'kind', kind, 'at_ms', at_ms, 'body', body,
    'minutes', minutes, 'checkin_at_ms', checkin_at_ms, 'checkin_lat_e6', checkin_lat_e6,
    'checkin_lng_e6', checkin_lng_e6, 'checkin_accuracy_m', checkin_accuracy_m, 'owner_id', owner_id
  ) AS fields
FROM activity WHERE :conflict__target_entity = 'activity' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'body', body, 'colour', colour, 'account_id', account_id, 'owner_id', owner_id
  ) AS fields
FROM sticky WHERE :conflict__target_entity = 'sticky' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'target_entity', target_entity, 'target_id', target_id, 'account_id', account_id, 'body', body,
    'mention_ids', mention_ids, 'owner_id', owner_id
  ) AS fields
FROM comment WHERE :conflict__target_entity = 'comment' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'title', title, 'amount_cents', amount_cents, 'currency', currency, 'answers', answers, 'reason', reason, 'payee', payee,
    'account_id', account_id, 'request_id', request_id, 'advance_id', advance_id, 'cc_ids', cc_ids, 'definition_id', definition_id,
    'version_id', version_id, 'owner_id', owner_id
  ) AS fields
FROM approval WHERE :conflict__target_entity = 'approval' AND id = :conflict__target_id
UNION ALL
SELECT version, owner_id, json_object(
    'approval_id', approval_id, 'spent_on', spent_on, 'category_id', category_id, 'amount_cents', amount_cents, 'currency', currency,
    'rate_e6', rate_e6, 'account_id', account_id, 'activity_id', activity_id, 'receipt_no', receipt_no, 'note', note,
    'position', position, 'owner_id', owner_id
  ) AS fields
FROM expense_line WHERE :conflict__target_entity = 'expense_line' AND id = :conflict__target_id;

-- What each side says, field by field, where the two differ; references and sets by their names.
-- name: lines :many
WITH told (id, unit, field, base, kept, lost) AS (
  SELECT x.id, x.unit, k.key, x.base ->> ('$.' || k.key), x.kept ->> ('$.' || k.key), x.lost ->> ('$.' || k.key)
  FROM json_each(:listed) j JOIN conflict x ON x.id = j.value JOIN json_each(x.kept) k
  WHERE k.key <> 'deleted'
  UNION
  SELECT x.id, x.unit, k.key, x.base ->> ('$.' || k.key), x.kept ->> ('$.' || k.key), x.lost ->> ('$.' || k.key)
  FROM json_each(:listed) j JOIN conflict x ON x.id = j.value JOIN json_each(x.lost) k
  WHERE k.key <> 'deleted'
),
said (field, raw) AS (
  SELECT field, base FROM told UNION SELECT field, kept FROM told UNION SELECT field, lost FROM told
),
named (field, raw, name) AS (
  SELECT field, raw, CASE
    WHEN field GLOB '*_id' THEN coalesce(
      (SELECT name FROM account WHERE id = raw),
      (SELECT name FROM contact WHERE id = raw),
      (SELECT name FROM user WHERE id = raw),
      (SELECT title FROM event WHERE id = raw),
      (SELECT title FROM approval WHERE id = raw),
      (SELECT name FROM expense_category WHERE id = raw)
    )
    WHEN field GLOB '*_e6' THEN printf('%.5f', raw / 1000000.0)
    WHEN field IN ('phones', 'emails', 'tags') THEN (SELECT group_concat(m.value, ', ') FROM json_each(raw) m)
    WHEN field GLOB '*_ids' THEN (
      SELECT group_concat(coalesce(c.name, u.name), ', ') FROM json_each(raw) m
      LEFT JOIN contact c ON c.id = m.value LEFT JOIN user u ON u.id = m.value
    )
  END
  FROM said WHERE raw IS NOT NULL
)
SELECT
  t.id, t.field, t.base, t.kept, t.lost,
  b.name AS base_shown,
  k.name AS kept_shown,
  l.name AS lost_shown
FROM told t
LEFT JOIN named b ON b.field = t.field AND b.raw = t.base
LEFT JOIN named k ON k.field = t.field AND k.raw = t.kept
LEFT JOIN named l ON l.field = t.field AND l.raw = t.lost
WHERE t.kept IS NOT t.lost
  AND (
    t.unit <> '+'
    OR t.lost NOT IN ('', '[]', 0) AND t.field NOT IN ('owner_id', 'assignee_id', 'account_id', 'target_entity', 'target_id')
  )
ORDER BY t.id, t.field NOT GLOB 'start*', t.field;

-- Does the row still say what was kept?  Somebody may have changed it since.
-- name: has_moved_on :value
SELECT EXISTS (
  SELECT 1 FROM json_each(:conflict__kept) k
  WHERE k.key <> 'deleted' AND k.value IS NOT (:target__fields ->> ('$.' || k.key))
);

-- name: current :value
SELECT json_group_object(k.key, :target__fields ->> ('$.' || k.key)) FROM json_each(:conflict__kept) k WHERE k.key <> 'deleted';

-- name: now_lines :many
SELECT
  k.key AS field,
  :target__fields ->> ('$.' || k.key) AS value,
  CASE
    WHEN k.key GLOB '*_id' THEN coalesce(
      (SELECT name FROM account WHERE id = :target__fields ->> ('$.' || k.key)),
      (SELECT name FROM contact WHERE id = :target__fields ->> ('$.' || k.key)),
      (SELECT name FROM user WHERE id = :target__fields ->> ('$.' || k.key))
    )
    WHEN k.key GLOB '*_e6' THEN printf('%.5f', (:target__fields ->> ('$.' || k.key)) / 1000000.0)
  END AS shown
FROM json_each(:conflict__kept) k
WHERE k.key <> 'deleted' AND k.value IS NOT (:conflict__lost ->> ('$.' || k.key))
ORDER BY k.key NOT GLOB 'start*', k.key;

-- name: held :value
SELECT :target__fields ->> ('$.' || :conflict__unit);

-- name: others :value
SELECT count(*) FROM conflict x
LEFT JOIN account a ON a.id = x.account_id
WHERE x.settled_at_ms IS NULL AND x.id <> :id AND (x.kept_by IS :me OR x.lost_by IS :me OR (x.kind = 'proposal' AND a.owner_id IS :me));
