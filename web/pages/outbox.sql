-- page: /outbox

-- An entry says what it is about from the row as it stands here, or from what the operation itself carries.
-- name: entries :many
SELECT
  o.n,
  o.entity,
  o.row_id,
  o.state,
  o.reason,
  o.detail,
  o.at_ms,
  CASE
    WHEN o.op ->> '$.delete' THEN 'delete'
    WHEN coalesce(o.op ->> '$.base', 0) = 0 THEN 'new'
    ELSE 'change'
  END AS act,
  CASE o.entity
    WHEN 'account' THEN coalesce((SELECT name FROM account WHERE id = o.row_id), o.op ->> '$.set.name', o.detail ->> '$.account')
    WHEN 'contact' THEN coalesce((SELECT name FROM contact WHERE id = o.row_id), o.op ->> '$.set.name')
    WHEN 'event' THEN coalesce((SELECT title FROM event WHERE id = o.row_id), o.op ->> '$.set.title')
    WHEN 'task' THEN coalesce((SELECT title FROM task WHERE id = o.row_id), o.op ->> '$.set.title')
    WHEN 'activity' THEN substr(coalesce((SELECT body FROM activity WHERE id = o.row_id), o.op ->> '$.set.body'), 1, 120)
    WHEN 'comment' THEN substr(coalesce((SELECT body FROM comment WHERE id = o.row_id), o.op ->> '$.set.body'), 1, 120)
    WHEN 'sticky' THEN substr(coalesce((SELECT body FROM sticky WHERE id = o.row_id), o.op ->> '$.set.body'), 1, 120)
    WHEN 'relation' THEN coalesce((SELECT role FROM relation WHERE id = o.row_id), o.op ->> '$.set.role')
    WHEN 'saved_view' THEN coalesce((SELECT name FROM saved_view WHERE id = o.row_id), o.op ->> '$.set.name')
    WHEN 'account_member' THEN (
      SELECT u.name FROM user u
      WHERE u.id = coalesce((SELECT user_id FROM account_member WHERE id = o.row_id), o.op ->> '$.set.user_id')
    )
    WHEN 'handover' THEN (
      SELECT old.name || ' → ' || new.name FROM user old, user new
      WHERE old.id = coalesce((SELECT from_id FROM handover WHERE id = o.row_id), o.op ->> '$.set.from_id')
        AND new.id = coalesce((SELECT to_id FROM handover WHERE id = o.row_id), o.op ->> '$.set.to_id')
    )
    WHEN 'approval' THEN coalesce((SELECT title FROM approval WHERE id = o.row_id), o.op ->> '$.set.title')
    WHEN 'approval_action' THEN (SELECT p.title FROM approval p WHERE p.id = o.op ->> '$.set.approval_id')
    WHEN 'expense_line' THEN (
      SELECT c.name FROM expense_category c
      WHERE c.id = coalesce((SELECT category_id FROM expense_line WHERE id = o.row_id), o.op ->> '$.set.category_id')
    )
    WHEN 'attachment' THEN coalesce((SELECT name FROM attachment WHERE id = o.row_id), o.op ->> '$.set.name')
    WHEN 'substitute' THEN (
      SELECT u.name FROM user u
      WHERE u.id = coalesce((SELECT substitute_id FROM substitute WHERE id = o.row_id), o.op ->> '$.set.substitute_id')
    )
  END AS title,
  CASE o.entity WHEN 'approval_action' THEN o.op ->> '$.set.verb' END AS verb,
  CASE o.entity WHEN 'approval_action' THEN o.op ->> '$.set.approval_id' WHEN 'attachment' THEN o.op ->> '$.set.approval_id' END AS approval_id,
  CASE o.entity
    WHEN 'activity' THEN coalesce((SELECT kind FROM activity WHERE id = o.row_id), o.op ->> '$.set.kind')
    WHEN 'event' THEN coalesce((SELECT kind FROM event WHERE id = o.row_id), o.op ->> '$.set.kind')
  END AS kind,
  (
    SELECT a.name FROM account a
    WHERE a.id = coalesce(
      o.op ->> '$.set.account_id',
      o.op ->> '$.set.from_account_id',
      CASE o.entity
        WHEN 'contact' THEN (SELECT account_id FROM contact WHERE id = o.row_id)
        WHEN 'activity' THEN (SELECT account_id FROM activity WHERE id = o.row_id)
        WHEN 'event' THEN (SELECT account_id FROM event WHERE id = o.row_id)
        WHEN 'task' THEN (SELECT account_id FROM task WHERE id = o.row_id)
        WHEN 'sticky' THEN (SELECT account_id FROM sticky WHERE id = o.row_id)
        WHEN 'comment' THEN (SELECT account_id FROM comment WHERE id = o.row_id)
        WHEN 'account_member' THEN (SELECT account_id FROM account_member WHERE id = o.row_id)
        WHEN 'conflict' THEN (SELECT account_id FROM conflict WHERE id = o.row_id)
      END
    )
  ) AS account_name,
  CASE o.entity
    WHEN 'account' THEN EXISTS (SELECT 1 FROM account WHERE id = o.row_id)
    WHEN 'contact' THEN EXISTS (SELECT 1 FROM contact WHERE id = o.row_id)
    WHEN 'event' THEN EXISTS (SELECT 1 FROM event WHERE id = o.row_id)
    WHEN 'task' THEN EXISTS (SELECT 1 FROM task WHERE id = o.row_id)
    WHEN 'activity' THEN EXISTS (SELECT 1 FROM activity WHERE id = o.row_id)
    WHEN 'comment' THEN EXISTS (SELECT 1 FROM comment WHERE id = o.row_id)
    WHEN 'sticky' THEN EXISTS (SELECT 1 FROM sticky WHERE id = o.row_id)
    WHEN 'relation' THEN EXISTS (SELECT 1 FROM relation WHERE id = o.row_id)
    WHEN 'preference' THEN EXISTS (SELECT 1 FROM preference WHERE id = o.row_id)
    WHEN 'handover' THEN EXISTS (SELECT 1 FROM handover WHERE id = o.row_id)
    WHEN 'conflict' THEN EXISTS (SELECT 1 FROM conflict WHERE id = o.row_id)
    WHEN 'approval' THEN EXISTS (SELECT 1 FROM approval WHERE id = o.row_id)
    WHEN 'expense_line' THEN EXISTS (SELECT 1 FROM expense_line WHERE id = o.row_id)
    WHEN 'substitute' THEN EXISTS (SELECT 1 FROM substitute WHERE id = o.row_id AND owner_id = :me)
    ELSE 0
  END AS is_here
FROM outbox o
ORDER BY o.state = 'refused' DESC, o.n
LIMIT 500;

-- What a refused operation carries: shown, so that nothing typed is lost with it.
-- name: carried :many
SELECT o.n, j.key AS field, CASE
  WHEN j.key IN ('owner_id', 'assignee_id', 'user_id', 'from_id', 'to_id', 'substitute_id') THEN coalesce((SELECT name FROM user WHERE id = j.value), j.value)
  WHEN j.key = 'account_id' THEN coalesce((SELECT name FROM account WHERE id = j.value), j.value)
  WHEN j.key IN ('approval_id', 'request_id', 'advance_id') THEN coalesce((SELECT title FROM approval WHERE id = j.value), j.value)
  WHEN j.key = 'definition_id' THEN coalesce((SELECT name FROM approval_definition WHERE id = j.value), j.value)
  WHEN j.key = 'version_id' THEN coalesce((SELECT number FROM definition_version WHERE id = j.value), j.value)
  WHEN j.key = 'category_id' THEN coalesce((SELECT name FROM expense_category WHERE id = j.value), j.value)
  WHEN j.key IN ('step_id', 'to_step_id') THEN coalesce((SELECT nullif(name, '') FROM approval_step WHERE id = j.value), j.value)
  WHEN j.key = 'revision_hash' THEN coalesce((SELECT max(number) FROM approval_revision WHERE hash = j.value), j.value)
  ELSE j.value
END AS value, 'set' AS how
FROM outbox o, json_each(o.op, '$.set') j WHERE o.state = 'refused'
UNION ALL
SELECT o.n, j.key, (
  SELECT group_concat(coalesce(a.name, u.name, m.value), ', ') FROM json_each(j.value) m
  LEFT JOIN account a ON j.key = 'account_ids' AND a.id = m.value
  LEFT JOIN user u ON j.key IN ('target_ids', 'cc_ids') AND u.id = m.value
), 'add'
FROM outbox o, json_each(o.op, '$.add') j WHERE o.state = 'refused'
UNION ALL
SELECT o.n, j.key, (SELECT group_concat(m.value, ', ') FROM json_each(j.value) m), 'remove'
FROM outbox o, json_each(o.op, '$.remove') j WHERE o.state = 'refused'
ORDER BY 1, 4, 2;

-- name: counts :one
SELECT
  (SELECT count(*) FROM outbox WHERE state = 'refused') AS refused,
  (SELECT count(*) FROM outbox WHERE state = 'waiting') AS waiting,
  (SELECT count(*) FROM outbox WHERE state = 'acked') AS arriving,
  (SELECT min(at_ms) FROM outbox WHERE state = 'waiting') AS oldest_ms;

-- name: conflicts :value
SELECT count(*) FROM conflict x LEFT JOIN account a ON a.id = x.account_id
WHERE x.settled_at_ms IS NULL AND (x.kept_by = :me OR x.lost_by = :me OR (x.kind = 'proposal' AND a.owner_id = :me));
