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
  x.base,
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
  END AS title,
  x.kept ->> '$.deleted' AS kept_deletes,
  x.lost ->> '$.deleted' AS lost_deletes
FROM conflict x
LEFT JOIN account a ON a.id = x.account_id
LEFT JOIN user keeper ON keeper.id = x.kept_by
LEFT JOIN user loser ON loser.id = x.lost_by
LEFT JOIN user settler ON settler.id = x.settled_by
WHERE x.id = :id;

-- The row as it stands now, whichever entity it is of.
-- name: target :maybe
SELECT version, json_object(
    'kind', kind, 'name', name, 'short_name', short_name, 'level', level, 'industry', industry,
    'source', source, 'region', region, 'website', website, 'address', address, 'lat_e6', lat_e6,
    'lng_e6', lng_e6, 'employees', employees, 'founded_year', founded_year,
    'annual_revenue_k', annual_revenue_k, 'parent_id', parent_id, 'next_contact_on', next_contact_on,
    'note', note, 'owner_id', owner_id
  ) AS fields
FROM account WHERE :conflict__target_entity = 'account' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'account_id', account_id, 'name', name, 'title', title, 'department', department, 'influence', influence,
    'wechat', wechat, 'address', address, 'birthday', birthday, 'note', note, 'owner_id', owner_id
  ) AS fields
FROM contact WHERE :conflict__target_entity = 'contact' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'title', title, 'kind', kind, 'start_ms', start_ms, 'end_ms', end_ms, 'is_all_day', is_all_day,
    'place', place, 'note', note, 'account_id', account_id, 'remind_minutes', remind_minutes,
    'cancelled_at_ms', cancelled_at_ms, 'owner_id', owner_id
  ) AS fields
FROM event WHERE :conflict__target_entity = 'event' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'title', title, 'note', note, 'is_important', is_important, 'is_urgent', is_urgent, 'due_on', due_on,
    'done_at_ms', done_at_ms, 'account_id', account_id, 'contact_id', contact_id, 'assignee_id', assignee_id,
    'owner_id', owner_id
  ) AS fields
FROM task WHERE :conflict__target_entity = 'task' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'from_account_id', from_account_id, 'from_contact_id', from_contact_id, 'to_account_id', to_account_id,
    'to_contact_id', to_contact_id, 'role', role, 'reverse_role', reverse_role, 'note', note,
    'owner_id', owner_id
  ) AS fields
FROM relation WHERE :conflict__target_entity = 'relation' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'account_id', account_id, 'event_id', event_id, 'kind', kind, 'at_ms', at_ms, 'body', body,
    'minutes', minutes, 'checkin_at_ms', checkin_at_ms, 'checkin_lat_e6', checkin_lat_e6,
    'checkin_lng_e6', checkin_lng_e6, 'checkin_accuracy_m', checkin_accuracy_m, 'owner_id', owner_id
  ) AS fields
FROM activity WHERE :conflict__target_entity = 'activity' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'body', body, 'colour', colour, 'account_id', account_id, 'owner_id', owner_id
  ) AS fields
FROM sticky WHERE :conflict__target_entity = 'sticky' AND id = :conflict__target_id
UNION ALL
SELECT version, json_object(
    'target_entity', target_entity, 'target_id', target_id, 'account_id', account_id, 'body', body,
    'owner_id', owner_id
  ) AS fields
FROM comment WHERE :conflict__target_entity = 'comment' AND id = :conflict__target_id;

-- What each side says, field by field, where the two differ; what a reference points to is said by its name.
-- name: sides :many
WITH side (side, said) AS (
  VALUES ('kept', :conflict__kept), ('lost', :conflict__lost), ('base', :conflict__base), ('now', :target__fields)
),
field (name) AS (
  SELECT key FROM json_each(:conflict__kept)
  WHERE key <> 'deleted' AND value IS NOT (:conflict__lost ->> ('$.' || key))
  UNION
  SELECT key FROM json_each(:conflict__lost)
  WHERE key <> 'deleted' AND value IS NOT (:conflict__kept ->> ('$.' || key))
),
value AS (
  SELECT s.side, f.name, s.said ->> ('$.' || f.name) AS value
  FROM side s, field f
  WHERE s.said IS NOT NULL AND json_type(s.said, '$.' || f.name) IS NOT NULL
)
SELECT
  side,
  name AS field,
  value,
  CASE
    WHEN name GLOB '*_id' THEN coalesce(
      (SELECT name FROM account WHERE id = value),
      (SELECT name FROM contact WHERE id = value),
      (SELECT name FROM user WHERE id = value),
      (SELECT title FROM event WHERE id = value)
    )
    WHEN name GLOB '*_e6' THEN printf('%.5f', value / 1000000.0)
  END AS shown
FROM value
ORDER BY side, name NOT GLOB 'start*', name, value;

-- Does the row still say what was kept?  Somebody may have changed it since.
-- name: has_moved_on :value
SELECT EXISTS (
  SELECT 1 FROM json_each(:conflict__kept) k
  WHERE k.key <> 'deleted' AND k.value IS NOT (:target__fields ->> ('$.' || k.key))
);

-- name: current :value
SELECT json_group_object(k.key, :target__fields ->> ('$.' || k.key)) FROM json_each(:conflict__kept) k WHERE k.key <> 'deleted';

-- name: others :value
SELECT count(*) FROM conflict WHERE settled_at_ms IS NULL AND id <> :id AND (kept_by = :me OR lost_by = :me);
