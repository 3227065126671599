-- page: /relations/{id}/edit

-- name: relation :one
SELECT
  r.id,
  r.version,
  r.role,
  r.reverse_role,
  r.note,
  r.owner_id = :me AS is_mine,
  r.from_account_id,
  r.from_contact_id,
  coalesce(fc.name, fa.name) AS from_name,
  coalesce(tc.name, ta.name) AS to_name
FROM relation r
LEFT JOIN account fa ON fa.id = r.from_account_id
LEFT JOIN contact fc ON fc.id = r.from_contact_id
LEFT JOIN account ta ON ta.id = r.to_account_id
LEFT JOIN contact tc ON tc.id = r.to_contact_id
WHERE r.id = :id;
