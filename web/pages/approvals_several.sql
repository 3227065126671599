-- page: /approvals/several

-- include: _approval_stands.sql

-- The small ones first. Each with the revision and the step that this page shows: a decision is about these and no others.
-- name: approvals :many
SELECT
  p.id,
  p.title,
  p.reason,
  p.amount_cents,
  p.currency,
  p.revision_hash,
  s.id AS step_id,
  u.name AS owner_name,
  d.name AS definition_name,
  p.due_at_ms,
  p.due_at_ms < :now_ms AS is_late,
  CASE
    WHEN EXISTS (SELECT 1 FROM json_each(v.asks) WHERE value = 'lines') THEN (
      SELECT count(*) FROM expense_line l
      WHERE l.approval_id = p.id AND NOT EXISTS (SELECT 1 FROM attachment f WHERE f.approval_id = p.id AND f.target_id = l.id)
    )
    WHEN EXISTS (SELECT 1 FROM json_each(v.asks) WHERE value = 'receipts')
      THEN NOT EXISTS (SELECT 1 FROM attachment f WHERE f.approval_id = p.id)
    ELSE 0
  END AS receipts_missing,
  CASE WHEN NOT EXISTS (SELECT 1 FROM json_each(p.waiting_ids) WHERE value = :me) THEN (
    SELECT o.name FROM json_each(p.waiting_ids) w JOIN user o ON o.id = w.value
    WHERE w.value IN (SELECT value FROM json_each(:stands))
    ORDER BY w.key
    LIMIT 1
  ) END AS for_name
FROM approval p
JOIN approval_step s ON s.approval_id = p.id AND s.state = 'active' AND s.revision = p.revision
JOIN user u ON u.id = p.owner_id
LEFT JOIN approval_definition d ON d.id = p.definition_id
LEFT JOIN definition_version v ON v.id = p.version_id
WHERE p.state = 'pending' AND p.owner_id IS NOT :me
  AND EXISTS (SELECT 1 FROM json_each(p.waiting_ids) w WHERE w.value IN (SELECT value FROM json_each(:stands)))
  AND NOT EXISTS (
    SELECT 1 FROM approval_action a
    WHERE a.approval_id = p.id AND a.owner_id = :me AND a.effect IS NULL AND a.verb IN ('approve', 'reject', 'return', 'transfer')
  )
ORDER BY coalesce(p.amount_cents, 0), p.submitted_at_ms, p.id
LIMIT 101;
