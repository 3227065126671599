-- page: /conflicts/several
-- query: c1= c2= c3= c4= c5= c6= c7= c8= c9= c10= c11= c12= c13= c14= c15= c16= c17= c18= c19= c20=

-- Those that were chosen and that nobody has settled meanwhile.
-- name: listed :value
SELECT json_group_array(id) FROM (
  SELECT id FROM conflict WHERE settled_at_ms IS NULL AND id IN (:c1, :c2, :c3, :c4, :c5, :c6, :c7, :c8, :c9, :c10, :c11, :c12, :c13, :c14, :c15, :c16, :c17, :c18, :c19, :c20) ORDER BY id
);

-- name: chosen :value
SELECT count(*) FROM (SELECT 1 FROM json_each(json_array(:c1, :c2, :c3, :c4, :c5, :c6, :c7, :c8, :c9, :c10, :c11, :c12, :c13, :c14, :c15, :c16, :c17, :c18, :c19, :c20)) WHERE value <> '' GROUP BY value);

-- name: conflicts :many
WITH
asked AS (SELECT x.id, x.target_entity, x.target_id, x.unit FROM json_each(:listed) j JOIN conflict x ON x.id = j.value),
target AS (
  SELECT x.id, t.version, t.owner_id, CASE x.unit WHEN 'phones' THEN t.phones WHEN 'emails' THEN t.emails WHEN 'tags' THEN t.tags END AS held FROM asked x JOIN account t ON x.target_entity = 'account' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, CASE x.unit WHEN 'phones' THEN t.phones WHEN 'emails' THEN t.emails WHEN 'tags' THEN t.tags END AS held FROM asked x JOIN contact t ON x.target_entity = 'contact' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, CASE x.unit WHEN 'contact_ids' THEN t.contact_ids WHEN 'attendee_ids' THEN t.attendee_ids END AS held FROM asked x JOIN event t ON x.target_entity = 'event' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, NULL AS held FROM asked x JOIN task t ON x.target_entity = 'task' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, NULL AS held FROM asked x JOIN relation t ON x.target_entity = 'relation' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, CASE x.unit WHEN 'contact_ids' THEN t.contact_ids END AS held FROM asked x JOIN activity t ON x.target_entity = 'activity' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, NULL AS held FROM asked x JOIN sticky t ON x.target_entity = 'sticky' AND t.id = x.target_id
  UNION ALL
  SELECT x.id, t.version, t.owner_id, CASE x.unit WHEN 'mention_ids' THEN t.mention_ids END AS held FROM asked x JOIN comment t ON x.target_entity = 'comment' AND t.id = x.target_id
)
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
  t.version AS target_version,
  t.owner_id AS target_owner_id,
  t.held
FROM json_each(:listed) j
JOIN conflict x ON x.id = j.value
LEFT JOIN account a ON a.id = x.account_id
LEFT JOIN user keeper ON keeper.id = x.kept_by
LEFT JOIN user loser ON loser.id = x.lost_by
LEFT JOIN user settler ON settler.id = x.settled_by
LEFT JOIN target t ON t.id = x.id
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
