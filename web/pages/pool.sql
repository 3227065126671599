-- page: /pool
-- query: q= level= region= industry= after= after_id= server=

-- Customers without an owner. Who was there last is as near as rows can say who had them before.
-- name: accounts :many
SELECT
  a.id,
  a.version,
  a.name,
  a.kind,
  a.level,
  a.region,
  a.industry,
  s.last_contact_at_ms,
  (
    SELECT u.name FROM activity v JOIN user u ON u.id = v.owner_id
    WHERE v.account_id = a.id ORDER BY v.at_ms DESC, v.id DESC LIMIT 1
  ) AS last_by
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.owner_id IS NULL
  AND (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
  AND (:level = '' OR a.level = :level)
  AND (:region = '' OR a.region = :region)
  AND (:industry = '' OR a.industry = :industry)
  AND (a.name, a.id) > (:after, :after_id)
ORDER BY a.name, a.id
LIMIT 51;

-- name: total :value
SELECT count(*) FROM account a
WHERE a.owner_id IS NULL
  AND (:q = '' OR a.search_key LIKE '%' || fold(:q) || '%')
  AND (:level = '' OR a.level = :level)
  AND (:region = '' OR a.region = :region)
  AND (:industry = '' OR a.industry = :industry);

-- name: levels :many
SELECT a.level AS value, count(*) AS n FROM account a
WHERE a.owner_id IS NULL AND a.level IS NOT NULL GROUP BY a.level ORDER BY a.level;

-- name: regions :many
SELECT a.region AS value, count(*) AS n FROM account a
WHERE a.owner_id IS NULL AND a.region IS NOT NULL GROUP BY a.region ORDER BY 2 DESC, 1 LIMIT 100;

-- name: industries :many
SELECT a.industry AS value, count(*) AS n FROM account a
WHERE a.owner_id IS NULL AND a.industry IS NOT NULL GROUP BY a.industry ORDER BY 2 DESC, 1 LIMIT 100;

-- What this device asked for: on its way, or somebody else was faster.
-- name: asked :many
SELECT o.n, o.row_id, o.state, o.reason, o.detail, coalesce(a.name, o.detail ->> '$.account') AS name, a.id IS NOT NULL AS is_here
FROM outbox o
LEFT JOIN account a ON a.id = o.row_id
WHERE o.entity = 'account' AND o.op ->> '$.set.owner_id' = :me AND coalesce(o.op ->> '$.base', 0) > 0
  AND (o.state = 'waiting' OR (o.state = 'refused' AND o.reason = 'claimed'))
ORDER BY o.n
LIMIT 100;

-- name: rules :many
SELECT r.id, r.days, r.levels, d.name AS department_name
FROM pool_rule r LEFT JOIN department d ON d.id = r.department_id
WHERE r.is_active = 1
ORDER BY r.days, r.id
LIMIT 20;
