-- page: /approvals/count

-- include: _approval_stands.sql

-- name: waiting :value
SELECT count(*) FROM approval p
WHERE p.state = 'pending' AND p.owner_id IS NOT :me
  AND EXISTS (SELECT 1 FROM json_each(p.waiting_ids) w WHERE w.value IN (SELECT value FROM json_each(:stands)))
  AND NOT EXISTS (
    SELECT 1 FROM approval_action d
    WHERE d.approval_id = p.id AND d.owner_id = :me AND d.effect IS NULL AND d.verb IN ('approve', 'reject', 'return', 'transfer')
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = d.id AND o.state = 'refused')
  );
