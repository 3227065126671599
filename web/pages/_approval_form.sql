-- The form of a request: of :definition, a row with form, asks and version_id, and :request, one with answers.

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
