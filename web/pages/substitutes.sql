-- page: /me/substitutes

-- name: mine :many
SELECT s.id, s.from_on, s.until_on, s.reason, u.name, u.is_active,
  s.from_on <= :today AND s.until_on >= :today AS is_now,
  s.until_on < :today AS is_over,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = s.id AND o.state <> 'acked') AS is_unsent
FROM substitute s
LEFT JOIN user u ON u.id = s.substitute_id
WHERE s.owner_id = :me
ORDER BY s.until_on < :today, CASE WHEN s.until_on < :today THEN s.until_on END DESC, s.from_on, s.id
LIMIT 50;

-- Whom I stand in for, now and soon.
-- name: others :many
SELECT s.id, s.owner_id, s.from_on, s.until_on, s.reason, u.name, s.from_on <= :today AS is_now,
  (
    SELECT count(*) FROM approval p, json_each(p.waiting_ids) w
    WHERE p.state = 'pending' AND w.value = s.owner_id AND p.owner_id IS NOT :me AND s.from_on <= :today
  ) AS waiting
FROM substitute s
JOIN user u ON u.id = s.owner_id
WHERE s.substitute_id = :me AND s.until_on >= :today
ORDER BY s.from_on, u.name, s.id;
