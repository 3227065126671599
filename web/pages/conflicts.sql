-- page: /conflicts
-- query: whose=mine state=open kind= entity= who= q= page=0

-- Twenty at a time: as many as can be settled at once.
-- name: listed :value
SELECT json_group_array(id) FROM (
  SELECT x.id
  FROM conflict x
  LEFT JOIN account a ON a.id = x.account_id
  WHERE (x.settled_at_ms IS NULL) = (:state <> 'settled')
    AND (:whose <> 'mine' OR (x.kept_by IS :me OR x.lost_by IS :me OR (x.kind = 'proposal' AND a.owner_id IS :me)))
    AND (:kind = '' OR x.kind = :kind)
    AND (:entity = '' OR x.target_entity = :entity)
    AND (:who = '' OR :who IN (x.kept_by, x.lost_by))
    AND (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
  ORDER BY coalesce(x.settled_at_ms, max(x.kept_at_ms, x.lost_at_ms)) DESC, x.id
  LIMIT 21 OFFSET 20 * CAST(:page AS INTEGER)
);

-- name: conflicts :many
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
    ) AS is_looker,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = x.id AND o.state <> 'acked') AS is_unsent
FROM json_each(:listed) j
JOIN conflict x ON x.id = j.value
LEFT JOIN account a ON a.id = x.account_id
LEFT JOIN user keeper ON keeper.id = x.kept_by
LEFT JOIN user loser ON loser.id = x.lost_by
LEFT JOIN user settler ON settler.id = x.settled_by
ORDER BY j.key;

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
      (SELECT title FROM event WHERE id = raw)
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

-- name: counts :one
SELECT
  count(*) FILTER (WHERE x.settled_at_ms IS NULL) AS open,
  count(*) FILTER (WHERE x.settled_at_ms IS NULL AND (x.kept_by IS :me OR x.lost_by IS :me OR (x.kind = 'proposal' AND a.owner_id IS :me))) AS open_mine
FROM conflict x
LEFT JOIN account a ON a.id = x.account_id;

-- name: people :many
SELECT id, name FROM user WHERE id IN (SELECT kept_by FROM conflict UNION SELECT lost_by FROM conflict) ORDER BY name, id;
