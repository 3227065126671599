-- page: /approvals
-- query: box=waiting q= page=0 server=

-- include: _approval_stands.sql

-- name: standing_in :many
SELECT s.id, u.name, s.until_on
FROM substitute s JOIN user u ON u.id = s.owner_id
WHERE s.substitute_id = :me AND s.from_on <= :today AND s.until_on >= :today
ORDER BY s.until_on, u.name, s.id;

-- What waits for me and was not decided here yet.
-- name: waiting :value
SELECT count(*) FROM approval p
WHERE p.state = 'pending' AND p.owner_id IS NOT :me
  AND EXISTS (SELECT 1 FROM json_each(p.waiting_ids) w WHERE w.value IN (SELECT value FROM json_each(:stands)))
  AND NOT EXISTS (
    SELECT 1 FROM approval_action d
    WHERE d.approval_id = p.id AND d.owner_id = :me AND d.effect IS NULL AND d.verb IN ('approve', 'reject', 'return', 'transfer')
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = d.id AND o.state = 'refused')
  );

-- Of mine: what is open, and of that what lies with me.
-- name: mine :one
SELECT
  count(*) FILTER (WHERE state = 'pending') AS pending,
  count(*) FILTER (WHERE state IN ('draft', 'returned', 'recalled')) AS with_me
FROM approval WHERE owner_id = :me AND state IN ('draft', 'pending', 'returned', 'recalled');

-- name: copies :value
SELECT count(*) FROM approval p
WHERE p.state = 'approved' AND p.owner_id IS NOT :me AND p.decided_at_ms > :now_ms - 1209600000
  AND EXISTS (SELECT 1 FROM json_each(p.people_ids) WHERE value = :me)
  AND NOT EXISTS (SELECT 1 FROM approval_step s, json_each(s.asked_ids) j WHERE s.approval_id = p.id AND j.value = :me)
  AND NOT EXISTS (SELECT 1 FROM approval_action d WHERE d.approval_id = p.id AND d.owner_id = :me AND d.verb <> 'comment');

-- name: found :value
SELECT json_group_array(id ORDER BY place)
FROM (
  SELECT p.id, row_number() OVER (ORDER BY
    CASE WHEN :box = 'waiting' THEN p.due_at_ms IS NULL END,
    CASE WHEN :box = 'waiting' THEN p.due_at_ms END,
    CASE WHEN :box = 'mine' THEN p.state NOT IN ('draft', 'returned', 'recalled') END,
    CASE WHEN :box = 'mine' THEN p.state <> 'pending' END,
    CASE WHEN :box = 'waiting' THEN p.submitted_at_ms ELSE -coalesce(p.decided_at_ms, p.submitted_at_ms, p.created_at_ms) END,
    p.id
  ) AS place
  FROM approval p
  JOIN user u ON u.id = p.owner_id
  WHERE CASE :box
      WHEN 'mine' THEN p.owner_id = :me
      WHEN 'copies' THEN
        p.state IN ('approved', 'void') AND p.owner_id IS NOT :me
        AND EXISTS (SELECT 1 FROM json_each(p.people_ids) WHERE value = :me)
        AND NOT EXISTS (SELECT 1 FROM approval_step s, json_each(s.asked_ids) j WHERE s.approval_id = p.id AND j.value = :me)
        AND NOT EXISTS (SELECT 1 FROM approval_action d WHERE d.approval_id = p.id AND d.owner_id = :me AND d.verb <> 'comment')
      WHEN 'done' THEN p.owner_id IS NOT :me AND p.id IN (
        SELECT d.approval_id FROM approval_action d
        WHERE d.owner_id = :me AND d.verb IN ('approve', 'reject', 'return', 'transfer') AND d.effect IS NOT NULL
      )
      WHEN 'all' THEN p.state <> 'draft'
      ELSE p.state = 'pending' AND p.owner_id IS NOT :me
        AND EXISTS (SELECT 1 FROM json_each(p.waiting_ids) w WHERE w.value IN (SELECT value FROM json_each(:stands)))
    END
    AND (
      trim(:q) = '' OR p.search_key LIKE '%' || fold(:q) || '%' OR u.search_key LIKE '%' || fold(:q) || '%'
      OR (trim(:q) GLOB '[0-9]*' AND printf('%.2f', p.amount_cents / 100.0) LIKE replace(trim(:q), ',', '') || '%')
    )
  ORDER BY place
  LIMIT 51 OFFSET 50 * max(0, CAST(:page AS INTEGER))
);

-- What a row says. for_name: of whom I decide in the place, where I am not asked myself.
-- name: approvals :many
SELECT
  p.id,
  p.title,
  p.state,
  p.amount_cents,
  p.currency,
  p.owner_id,
  u.name AS owner_name,
  d.name AS definition_name,
  p.submitted_at_ms,
  p.decided_at_ms,
  p.paid_at_ms,
  p.due_at_ms,
  p.state = 'pending' AND p.due_at_ms < :now_ms AS is_late,
  p.created_at_ms,
  (SELECT count(*) FROM attachment f WHERE f.approval_id = p.id) AS files,
  CASE
    WHEN EXISTS (SELECT 1 FROM json_each(v.asks) WHERE value = 'lines') THEN (
      SELECT count(*) FROM expense_line l
      WHERE l.approval_id = p.id AND NOT EXISTS (SELECT 1 FROM attachment f WHERE f.approval_id = p.id AND f.target_id = l.id)
    )
    ELSE 0
  END AS receipts_missing,
  CASE WHEN p.state = 'pending' AND p.owner_id IS NOT :me AND NOT EXISTS (SELECT 1 FROM json_each(p.waiting_ids) WHERE value = :me) THEN (
    SELECT o.name FROM json_each(p.waiting_ids) w JOIN user o ON o.id = w.value
    WHERE w.value IN (SELECT value FROM json_each(:stands))
    ORDER BY w.key
    LIMIT 1
  ) END AS for_name,
  CASE WHEN p.state = 'pending' THEN (
    SELECT group_concat(o.name, ', ' ORDER BY w.key) FROM json_each(p.waiting_ids) w JOIN user o ON o.id = w.value
  ) END AS waiting_names,
  e.verb AS decided_here,
  o.n AS outbox_n,
  o.state AS outbox_state,
  EXISTS (SELECT 1 FROM outbox x WHERE x.row_id = p.id AND x.state <> 'acked') AS is_unsent,
  (
    SELECT a.effect FROM approval_action a
    WHERE a.approval_id = p.id AND a.owner_id = :me AND a.verb IN ('approve', 'reject', 'return')
    ORDER BY a.created_at_ms DESC, a.id DESC
    LIMIT 1
  ) AS my_effect
FROM json_each(:found) f
JOIN approval p ON p.id = f.value
JOIN user u ON u.id = p.owner_id
LEFT JOIN approval_definition d ON d.id = p.definition_id
LEFT JOIN definition_version v ON v.id = p.version_id
LEFT JOIN approval_action e ON e.id = (
  SELECT a.id FROM approval_action a
  WHERE a.approval_id = p.id AND a.owner_id = :me AND a.effect IS NULL AND a.verb IN ('approve', 'reject', 'return', 'transfer')
  ORDER BY a.created_at_ms DESC, a.id DESC
  LIMIT 1
)
LEFT JOIN outbox o ON o.row_id = e.id AND o.state <> 'acked'
WHERE f.key < 50
ORDER BY f.key;

-- name: may_see_all :value
SELECT EXISTS (SELECT 1 FROM user u JOIN role r ON r.id = u.role_id WHERE u.id = :me AND r.data_scope <> 'own');
