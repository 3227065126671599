-- page: /history/{entity}/{id}
-- host: server
-- query: before=

-- The row as it is, whichever entity it is of; of one that is gone, what it was called.
-- name: record :one
SELECT
  0 AS is_deleted, version, name AS title, owner_id, id AS account_id, NULL AS field, NULL AS value,
  json_object(
    'kind', kind, 'name', name, 'short_name', short_name, 'level', level, 'industry', industry,
    'source', source, 'region', region, 'phones', phones, 'emails', emails, 'website', website,
    'address', address, 'lat_e6', lat_e6, 'lng_e6', lng_e6, 'tags', tags, 'employees', employees,
    'founded_year', founded_year, 'annual_revenue_k', annual_revenue_k, 'parent_id', parent_id,
    'next_contact_on', next_contact_on, 'note', note, 'owner_id', owner_id
  ) AS fields
FROM account WHERE :entity = 'account' AND id = :id
UNION ALL
SELECT 0, version, name, owner_id, account_id, NULL, NULL, json_object(
    'account_id', account_id, 'name', name, 'title', title, 'department', department, 'influence', influence,
    'phones', phones, 'emails', emails, 'wechat', wechat, 'address', address, 'birthday', birthday,
    'tags', tags, 'note', note, 'owner_id', owner_id
  )
FROM contact WHERE :entity = 'contact' AND id = :id
UNION ALL
SELECT 0, version, title, owner_id, account_id, NULL, NULL, json_object(
    'title', title, 'kind', kind, 'start_ms', start_ms, 'end_ms', end_ms, 'is_all_day', is_all_day,
    'place', place, 'note', note, 'account_id', account_id, 'contact_ids', contact_ids,
    'attendee_ids', attendee_ids, 'remind_minutes', remind_minutes, 'cancelled_at_ms', cancelled_at_ms,
    'rrule', rrule, 'timezone', timezone, 'owner_id', owner_id
  )
FROM event WHERE :entity = 'event' AND id = :id
UNION ALL
SELECT 0, version, title, owner_id, account_id, NULL, NULL, json_object(
    'title', title, 'note', note, 'is_important', is_important, 'is_urgent', is_urgent, 'due_on', due_on,
    'done_at_ms', done_at_ms, 'account_id', account_id, 'contact_id', contact_id, 'assignee_id', assignee_id,
    'owner_id', owner_id
  )
FROM task WHERE :entity = 'task' AND id = :id
UNION ALL
SELECT 0, version, substr(body, 1, 120), owner_id, account_id, NULL, NULL, json_object(
    'account_id', account_id, 'contact_ids', contact_ids, 'event_id', event_id, 'kind', kind, 'at_ms', at_ms,
    'body', body, 'minutes', minutes, 'owner_id', owner_id
  )
FROM activity WHERE :entity = 'activity' AND id = :id
UNION ALL
SELECT 0, version, role, owner_id, from_account_id, NULL, NULL, json_object(
    'role', role, 'reverse_role', reverse_role, 'note', note, 'owner_id', owner_id
  )
FROM relation WHERE :entity = 'relation' AND id = :id
UNION ALL
SELECT 0, version, substr(body, 1, 120), owner_id, account_id, NULL, NULL, json_object(
    'body', body, 'colour', colour, 'account_id', account_id, 'owner_id', owner_id
  )
FROM sticky WHERE :entity = 'sticky' AND id = :id
UNION ALL
SELECT 0, version, substr(body, 1, 120), owner_id, account_id, NULL, NULL, json_object(
    'body', body, 'mention_ids', mention_ids, 'owner_id', owner_id
  )
FROM comment WHERE :entity = 'comment' AND id = :id
UNION ALL
SELECT 0, version, title, owner_id, account_id, NULL, NULL, json_object(
    'title', title, 'amount_cents', amount_cents, 'currency', currency, 'answers', answers, 'reason', reason, 'payee', payee,
    'account_id', account_id, 'request_id', request_id, 'advance_id', advance_id, 'cc_ids', cc_ids, 'owner_id', owner_id
  )
FROM approval WHERE :entity = 'approval' AND id = :id
UNION ALL
SELECT 0, version, substr(note, 1, 120), owner_id, account_id, NULL, NULL, json_object(
    'spent_on', spent_on, 'category_id', category_id, 'amount_cents', amount_cents, 'currency', currency, 'rate_e6', rate_e6,
    'account_id', account_id, 'activity_id', activity_id, 'receipt_no', receipt_no, 'note', note, 'owner_id', owner_id
  )
FROM expense_line WHERE :entity = 'expense_line' AND id = :id
UNION ALL
SELECT 1, version, title, author_id, NULL, field, value, NULL
FROM tombstone WHERE entity = :entity AND id = :id
LIMIT 1;

-- Whether somebody who sees it may also change it, as far as rows can tell; the server has the last word.
-- name: may_write :value
SELECT
  (:entity NOT IN ('activity', 'relation', 'sticky', 'comment', 'approval', 'expense_line') OR :record__owner_id IS :me)
  AND (
    :record__owner_id IS :me
    OR NOT EXISTS (
      SELECT 1 FROM account_member m
      WHERE m.account_id = :record__account_id AND m.user_id = :me AND m.access = 'read'
    )
  );

-- name: may_give :value
SELECT :record__owner_id IS :me OR EXISTS (
  SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND (r.is_admin OR r.data_scope = 'everything')
);

-- name: top :value
SELECT CASE :before WHEN '' THEN 9007199254740991 ELSE CAST(:before AS INTEGER) END;

-- What happened to the row itself, to conflicts about it, and the handovers that it went along with; 50 at a time.
-- name: bottom :value
SELECT min(seq) FROM (
  SELECT DISTINCT seq FROM (
    SELECT seq FROM history WHERE row_id = :id AND entity = :entity AND seq < :top AND unit <> 'gone'
    UNION ALL
    SELECT seq FROM history
    WHERE row_id IN (SELECT id FROM conflict WHERE target_id = :id AND target_entity = :entity)
      AND entity = 'conflict' AND unit IN ('+', 'settled_at_ms') AND seq < :top
    UNION ALL
    SELECT seq FROM history
    WHERE row_id IN (SELECT handover_id FROM handover_item WHERE target_id = :id)
      AND entity = 'handover' AND unit = '+' AND seq < :top
  )
  ORDER BY seq DESC
  LIMIT 50
);

-- name: entries :many
SELECT
  told.seq,
  told.entity AS about,
  min(told.unit) AS unit,
  told.row_id,
  told.new ->> '$.deleted' AS is_gone,
  told.new ->> '$.owner_id' AS new_owner_id,
  told.in_force,
  told.at_ms,
  told.user_id,
  u.name AS by_name,
  told.device_id,
  told.device_name,
  x.kind AS clash,
  x.unit AS clash_unit,
  loser.name AS lost_by_name,
  x.lost_by,
  giver.name AS from_name,
  taker.name AS to_name
FROM (
  SELECT * FROM history WHERE row_id = :id AND entity = :entity AND seq < :top AND seq >= :bottom AND unit <> 'gone'
  UNION ALL
  SELECT * FROM history
  WHERE row_id IN (SELECT id FROM conflict WHERE target_id = :id AND target_entity = :entity)
    AND entity = 'conflict' AND unit IN ('+', 'settled_at_ms') AND seq < :top AND seq >= :bottom
  UNION ALL
  SELECT * FROM history
  WHERE row_id IN (SELECT handover_id FROM handover_item WHERE target_id = :id)
    AND entity = 'handover' AND unit = '+' AND seq < :top AND seq >= :bottom
) told
LEFT JOIN user u ON u.id = told.user_id
LEFT JOIN conflict x ON told.entity = 'conflict' AND x.id = told.row_id
LEFT JOIN user loser ON loser.id = x.lost_by
LEFT JOIN handover g ON told.entity = 'handover' AND g.id = told.row_id
LEFT JOIN user giver ON giver.id = g.from_id
LEFT JOIN user taker ON taker.id = g.to_id
GROUP BY told.seq
ORDER BY told.seq DESC;

-- name: has_older :value
SELECT EXISTS (
  SELECT 1 FROM history WHERE row_id = :id AND entity = :entity AND seq < :bottom AND unit <> 'gone'
);

-- Each field or group of fields that an edit changed.  other: the side that can be put back.
-- name: units :many
SELECT
  h.seq,
  h.unit,
  h.in_force,
  CASE h.in_force WHEN 1 THEN h.old ELSE h.new END AS other,
  h.unit IN ('phones', 'emails', 'tags', 'contact_ids', 'attendee_ids', 'mention_ids', 'cc_ids', 'waiting_ids', 'people_ids') AS is_set,
  EXISTS (
    SELECT 1 FROM json_each(CASE h.in_force WHEN 1 THEN h.old ELSE h.new END) j
    WHERE j.value IS NOT (:record__fields ->> ('$.' || j.key)) AND json_type(:record__fields, '$.' || j.key) IS NOT NULL
  ) AS differs
FROM history h
WHERE h.row_id = :id AND h.entity = :entity AND h.seq < :top AND h.seq >= :bottom AND h.unit NOT IN ('+', '-', 'gone')
ORDER BY h.seq DESC, h.unit;

-- The members of a set that can be put back, and those that it has now: one a line, as a form takes them.
-- name: members :many
SELECT
  h.seq,
  h.unit,
  (
    SELECT group_concat(m.value, char(10))
    FROM json_each(CASE h.in_force WHEN 1 THEN h.old ELSE h.new END ->> ('$.' || h.unit)) m
  ) AS wanted,
  (SELECT group_concat(m.value, char(10)) FROM json_each(:record__fields ->> ('$.' || h.unit)) m) AS held
FROM history h
WHERE h.row_id = :id AND h.entity = :entity AND h.seq < :top AND h.seq >= :bottom
  AND h.unit IN ('phones', 'emails', 'tags', 'contact_ids', 'attendee_ids', 'mention_ids', 'cc_ids', 'waiting_ids', 'people_ids')
ORDER BY h.seq DESC, h.unit;

-- Field by field, from what to what; what a reference points to is said by its name.
-- name: changes :many
WITH changed AS (
  SELECT
    h.seq,
    h.unit,
    j.key AS field,
    h.old ->> ('$.' || j.key) AS was,
    j.value AS became,
    j.key IN ('phones', 'emails', 'tags', 'contact_ids', 'attendee_ids', 'mention_ids', 'cc_ids', 'waiting_ids', 'people_ids') AS is_set
  FROM history h, json_each(h.new) j
  WHERE h.row_id = :id AND h.entity = :entity AND h.seq < :top AND h.seq >= :bottom AND h.unit NOT IN ('+', '-', 'gone')
)
SELECT
  seq,
  unit,
  field,
  was,
  became,
  is_set,
  CASE
    WHEN was IS NULL THEN NULL
    WHEN field IN ('owner_id', 'assignee_id') THEN (SELECT name FROM user WHERE id = was)
    WHEN field IN ('account_id', 'parent_id') THEN (SELECT name FROM account WHERE id = was)
    WHEN field = 'contact_id' THEN (SELECT name FROM contact WHERE id = was)
    WHEN field IN ('event_id', 'series_id') THEN (SELECT title FROM event WHERE id = was)
    WHEN field IN ('request_id', 'advance_id') THEN (SELECT title FROM approval WHERE id = was)
    WHEN field IN ('applicant_id', 'paid_by') THEN (SELECT name FROM user WHERE id = was)
    WHEN field = 'category_id' THEN (SELECT name FROM expense_category WHERE id = was)
    WHEN field GLOB '*_e6' THEN printf('%.5f', was / 1000000.0)
  END AS was_shown,
  CASE
    WHEN became IS NULL THEN NULL
    WHEN field IN ('owner_id', 'assignee_id') THEN (SELECT name FROM user WHERE id = became)
    WHEN field IN ('account_id', 'parent_id') THEN (SELECT name FROM account WHERE id = became)
    WHEN field = 'contact_id' THEN (SELECT name FROM contact WHERE id = became)
    WHEN field IN ('event_id', 'series_id') THEN (SELECT title FROM event WHERE id = became)
    WHEN field IN ('request_id', 'advance_id') THEN (SELECT title FROM approval WHERE id = became)
    WHEN field IN ('applicant_id', 'paid_by') THEN (SELECT name FROM user WHERE id = became)
    WHEN field = 'category_id' THEN (SELECT name FROM expense_category WHERE id = became)
    WHEN field GLOB '*_e6' THEN printf('%.5f', became / 1000000.0)
  END AS became_shown,
  CASE WHEN is_set THEN (
    SELECT group_concat(coalesce(c.name, u.name, iif(field GLOB '*_ids', NULL, m.value)), ', ')
    FROM json_each(was) m LEFT JOIN contact c ON c.id = m.value LEFT JOIN user u ON u.id = m.value
    WHERE m.value NOT IN (SELECT value FROM json_each(became))
  ) END AS gone,
  CASE WHEN is_set THEN (
    SELECT group_concat(coalesce(c.name, u.name, iif(field GLOB '*_ids', NULL, m.value)), ', ')
    FROM json_each(became) m LEFT JOIN contact c ON c.id = m.value LEFT JOIN user u ON u.id = m.value
    WHERE m.value NOT IN (SELECT value FROM json_each(was))
  ) END AS added
FROM changed
WHERE was IS NOT became
ORDER BY seq DESC, unit, field NOT GLOB 'start*', field;
