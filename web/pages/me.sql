-- page: /me

-- name: preference :maybe
SELECT id, version, language, timezone, theme, window_days FROM preference WHERE id = :me;

-- name: person :one
SELECT u.id, u.name, u.title, u.phones, u.emails, d.name AS department_name, r.name AS role_name, r.data_scope
FROM user u
LEFT JOIN department d ON d.id = u.department_id
LEFT JOIN role r ON r.id = u.role_id
WHERE u.id = :me;

-- name: counts :one
SELECT
  (SELECT count(*) FROM outbox WHERE state <> 'acked') AS unsent,
  (
    SELECT count(*) FROM conflict x LEFT JOIN account a ON a.id = x.account_id
    WHERE x.settled_at_ms IS NULL AND (x.kept_by = :me OR x.lost_by = :me OR (x.kind = 'proposal' AND a.owner_id = :me))
  ) AS conflicts,
  (SELECT count(*) FROM task WHERE assignee_id = :me AND done_at_ms IS NULL) AS tasks,
  (SELECT count(*) FROM handover WHERE to_id = :me AND received_at_ms IS NULL AND done_at_ms IS NOT NULL) AS to_receive,
  EXISTS (SELECT 1 FROM substitute WHERE owner_id = :me AND from_on <= :today AND until_on >= :today) AS is_away,
  EXISTS (
    SELECT 1 FROM role r JOIN user u ON u.role_id = r.id WHERE u.id = :me AND r.data_scope <> 'own'
  ) AS reaches_others;
