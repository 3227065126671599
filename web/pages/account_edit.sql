-- page: /customers/{id}/edit
-- query: parent_q=

-- name: account :one
SELECT
  a.id,
  a.version,
  a.kind,
  a.name,
  a.short_name,
  a.level,
  a.industry,
  a.source,
  a.region,
  a.phones,
  a.emails,
  a.website,
  a.address,
  a.tags,
  a.employees,
  a.founded_year,
  a.annual_revenue_k,
  a.note,
  a.next_contact_on,
  a.parent_id,
  a.owner_id
FROM account a
WHERE a.id = :id;

-- name: parents :many
SELECT id, name FROM account WHERE id = :account__parent_id
UNION
SELECT * FROM (
  SELECT id, name FROM account
  WHERE :parent_q <> '' AND name >= '' AND search_key LIKE '%' || fold(:parent_q) || '%' AND id <> :id
  ORDER BY name, id
  LIMIT 20
)
ORDER BY name, id;

-- name: people :many
SELECT id, name FROM user WHERE is_active = 1 OR id = :account__owner_id ORDER BY name, id;
