-- page: /tasks
-- query: who=me show=open view=matrix done= server=

-- name: tasks :many
SELECT
  t.id,
  t.title,
  t.due_on,
  t.is_important,
  t.is_urgent,
  t.done_at_ms,
  t.version,
  t.due_on < :today AS is_late,
  t.due_on = :today AS is_due_today,
  t.account_id,
  a.name AS account_name,
  t.assignee_id,
  assignee.name AS assignee_name,
  t.assignee_id IS NOT :me AS is_for_other,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = t.id AND o.state <> 'acked') AS is_unsent
FROM task t
LEFT JOIN account a ON a.id = t.account_id
LEFT JOIN user assignee ON assignee.id = t.assignee_id
WHERE (t.done_at_ms IS NULL) = (:show <> 'done')
  AND CASE :who
    WHEN 'all' THEN 1
    WHEN 'given' THEN t.owner_id = :me AND t.assignee_id IS NOT :me
    ELSE t.assignee_id = :me
  END
ORDER BY
  CASE WHEN :show = 'done' THEN -t.done_at_ms END,
  CASE WHEN :view <> 'list' THEN -(2 * t.is_important + t.is_urgent) END,
  t.due_on IS NULL,
  t.due_on,
  -(2 * t.is_important + t.is_urgent),
  t.id
LIMIT 201;

-- name: just_done :maybe
SELECT id, title, done_at_ms, version FROM task WHERE id = :done AND done_at_ms IS NOT NULL;
