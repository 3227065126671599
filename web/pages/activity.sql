-- page: /activities/{id}

-- name: activity :one
SELECT
  v.id,
  v.version,
  v.kind,
  v.at_ms,
  v.body,
  v.minutes,
  v.checkin_at_ms,
  v.checkin_lat_e6,
  v.checkin_lng_e6,
  v.checkin_accuracy_m,
  v.account_id,
  a.name AS account_name,
  v.event_id,
  e.title AS event_title,
  v.owner_id = :me AS is_mine,
  v.owner_id,
  u.name AS by_name,
  v.created_at_ms,
  v.updated_at_ms,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = v.id AND o.state <> 'acked') AS is_unsent
FROM activity v
LEFT JOIN account a ON a.id = v.account_id
LEFT JOIN event e ON e.id = v.event_id
LEFT JOIN user u ON u.id = v.owner_id
WHERE v.id = :id;

-- name: contacts :many
SELECT c.id, c.name, c.title
FROM activity v, json_each(v.contact_ids) j
JOIN contact c ON c.id = j.value
WHERE v.id = :id
ORDER BY c.name, c.id;

-- name: comments :many
SELECT
  m.id,
  m.body,
  m.created_at_ms,
  u.name AS by_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = m.id AND o.state <> 'acked') AS is_unsent
FROM comment m
LEFT JOIN user u ON u.id = m.owner_id
WHERE m.target_id = :id AND m.target_entity = 'activity'
ORDER BY m.created_at_ms, m.id;
