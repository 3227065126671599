-- page: /approvals/{id}/lines

-- name: claim :one
SELECT
  a.id,
  a.title,
  a.state,
  a.owner_id,
  d.kind,
  a.owner_id = :me AND a.state IN ('draft', 'returned', 'recalled', 'rejected') AS may_edit,
  a.sanctioned_cents
FROM approval a
JOIN approval_definition d ON d.id = a.definition_id
WHERE a.id = :id;

-- include: _expense_card.sql
