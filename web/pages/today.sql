-- page: /

-- name: window :one
SELECT day_start_ms(:today, :tz) AS from_ms, day_start_ms(add_days(:today, 14), :tz) AS to_ms;

-- name: just_me :value
SELECT json_array(:me);

-- What takes place, as [id, day of the series, from, to]: single appointments, and the days of series that have no
-- appointment of their own.  A series that took over from another one skips the days of that one, too.  Whole days
-- are the reader's days, whatever zone they were written in.
-- name: spans :value
WITH RECURSIVE
line (id, origin) AS (
  SELECT id, id FROM event WHERE rrule > ''
  UNION
  SELECT l.id, e.series_id FROM line l JOIN event e ON e.id = l.origin WHERE e.series_id IS NOT NULL
),
skipped AS MATERIALIZED (
  SELECT l.id, o.occurrence_on AS day FROM line l CROSS JOIN event o ON o.series_id = l.origin WHERE +o.rrule IS NULL
),
person (id) AS MATERIALIZED (SELECT value FROM json_each(:just_me)),
near AS (
  SELECT e.id, NULL AS day, e.start_ms, e.end_ms
  FROM event e
  WHERE +e.rrule IS NULL AND e.end_ms > :window__from_ms - 94500000 AND +e.start_ms < :window__to_ms + 93600000
  UNION ALL
  SELECT s.id, j.value ->> 2, j.value ->> 0, j.value ->> 1
  FROM event s
  JOIN json_each(occurrences(
    s.start_ms, s.end_ms, s.rrule, s.timezone, s.is_all_day, :window__from_ms - 94500000, :window__to_ms + 93600000
  )) j
  WHERE s.rrule > '' AND s.cancelled_at_ms IS NULL
    AND (s.owner_id IN person OR EXISTS (SELECT 1 FROM json_each(s.attendee_ids) WHERE value IN person))
    AND NOT EXISTS (SELECT 1 FROM skipped k WHERE k.id = s.id AND k.day = j.value ->> 2)
),
filled AS (
  SELECT n.id, n.day,
    iif(
      e.is_all_day,
      day_start_ms(local_date(n.start_ms, coalesce(e.timezone, :tz)), :tz),
      n.start_ms
    ) AS from_ms,
    iif(
      e.is_all_day,
      day_start_ms(add_days(local_date(max(n.start_ms, n.end_ms - 1), coalesce(e.timezone, :tz)), 1), :tz),
      max(n.end_ms, n.start_ms + 900000)
    ) AS to_ms
  FROM near n
  CROSS JOIN event e ON e.id = n.id
  WHERE (e.owner_id IN person OR EXISTS (SELECT 1 FROM json_each(e.attendee_ids) WHERE value IN person)) AND e.cancelled_at_ms IS NULL
)
SELECT json_group_array(json_array(id, day, from_ms, to_ms) ORDER BY from_ms, id)
FROM filled
WHERE from_ms < :window__to_ms AND to_ms > :window__from_ms;

-- name: agenda :many
SELECT
  e.id,
  j.value ->> 1 AS day,
  e.title,
  e.kind,
  j.value ->> 2 AS start_ms,
  j.value ->> 3 AS end_ms,
  e.is_all_day,
  e.place,
  e.account_id,
  a.name AS account_name,
  j.value ->> 3 < :now_ms AS is_over,
  EXISTS (
    SELECT 1 FROM activity v
    WHERE v.account_id = e.account_id AND v.event_id = e.id
      AND (j.value ->> 1 IS NULL OR (v.at_ms >= :window__from_ms AND v.at_ms < day_start_ms(add_days(:today, 1), :tz)))
  ) AS is_written,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = e.id AND o.state <> 'acked') AS is_unsent
FROM json_each(:spans) j
CROSS JOIN event e ON e.id = j.value ->> 0
LEFT JOIN account a ON a.id = e.account_id
WHERE j.value ->> 2 < day_start_ms(add_days(:today, 1), :tz)
ORDER BY e.is_all_day DESC, j.value ->> 2, e.id
LIMIT 50;

-- Where I am to be in two places at once in the next fourteen days, unless I meant it: [first, second] as places in
-- the list of what takes place.
-- name: clash_pairs :value
WITH span AS MATERIALIZED (
  SELECT j.key AS place, j.value ->> 0 AS id, j.value ->> 3 AS to_ms FROM json_each(:spans) j
)
SELECT json_group_array(json(p.value) ORDER BY p.key)
FROM json_each(overlapping(:spans)) p
JOIN span a ON a.place = p.value ->> 0
JOIN span b ON b.place = p.value ->> 1
WHERE a.to_ms > :now_ms AND b.to_ms > :now_ms
  AND NOT EXISTS (
    SELECT 1 FROM clash_kept k
    WHERE k.user_id = :me AND ((k.event_id = a.id AND k.other_id = b.id) OR (k.event_id = b.id AND k.other_id = a.id))
  );

-- name: clash_count :value
SELECT json_array_length(:clash_pairs);

-- The first of them, each with a free time for the second one: near its own time, that day or the working day after.
-- name: clashes :many
WITH RECURSIVE
pair AS MATERIALIZED (
  SELECT p.key AS place, json_extract(:spans, '$[' || (p.value ->> 0) || ']') AS a, json_extract(:spans, '$[' || (p.value ->> 1) || ']') AS b
  FROM json_each(:clash_pairs) p
  WHERE p.key < 3
),
both AS MATERIALIZED (
  SELECT p.place, p.a ->> 0 AS id, p.a ->> 1 AS day, one.title, p.a ->> 2 AS start_ms, p.a ->> 3 AS end_ms, one.is_all_day,
    other.id AS other_id, p.b ->> 1 AS other_day, other.title AS other_title, p.b ->> 2 AS other_start_ms, p.b ->> 3 AS other_end_ms,
    other.is_all_day AS other_is_all_day, other.version AS other_version,
    coalesce(occurrence_on(other.start_ms, other.end_ms, other.rrule, other.timezone, other.is_all_day, p.b ->> 1) ->> 0, other.start_ms) AS was_start_ms,
    coalesce(occurrence_on(other.start_ms, other.end_ms, other.rrule, other.timezone, other.is_all_day, p.b ->> 1) ->> 1, other.end_ms) AS was_end_ms,
    other.attendee_ids = '[]' OR other.attendee_ids IS NULL AS is_alone
  FROM pair p
  JOIN event one ON one.id = p.a ->> 0
  JOIN event other ON other.id = p.b ->> 0
),
quarter (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM quarter WHERE n < 21),
free AS MATERIALIZED (
  SELECT c.place, c.other_id, c.other_day, d.value AS days,
    day_start_ms(add_days(local_date(c.other_start_ms, :tz), d.value + 1), :tz) - 57600000 + q.n * 1800000 AS start_ms,
    c.other_start_ms, c.was_end_ms - c.was_start_ms AS length_ms
  FROM both c
  JOIN json_each('[0,1,3]') d
  JOIN quarter q
  WHERE c.is_alone AND c.other_is_all_day = 0 AND q.n * 1800000 + c.was_end_ms - c.was_start_ms <= 39600000
    AND weekday(add_days(local_date(c.other_start_ms, :tz), d.value)) < 5
),
taken AS MATERIALIZED (
  SELECT j.value ->> 0 AS id, j.value ->> 1 AS day, j.value ->> 2 AS from_ms, j.value ->> 3 AS to_ms FROM json_each(:spans) j
),
best AS (
  SELECT f.place, f.start_ms, f.length_ms,
    row_number() OVER (PARTITION BY f.place ORDER BY f.days, abs(f.start_ms - f.other_start_ms), f.start_ms) AS n
  FROM free f
  WHERE f.start_ms > :now_ms
    AND NOT EXISTS (
      SELECT 1
      FROM taken t
      WHERE t.from_ms < f.start_ms + f.length_ms AND t.to_ms > f.start_ms
        AND (t.id <> f.other_id OR t.day IS NOT f.other_day)
    )
)
SELECT
  c.*,
  derived_id(c.other_id, c.other_day) AS other_day_id,
  b.start_ms AS free_ms,
  b.start_ms + b.length_ms AS free_end_ms,
  json_object(
    'title', e.title, 'kind', e.kind, 'start_ms', c.was_start_ms, 'end_ms', c.was_end_ms, 'is_all_day', e.is_all_day,
    'place', e.place, 'note', e.note, 'account_id', e.account_id, 'remind_minutes', e.remind_minutes,
    'contact_ids', json(coalesce(e.contact_ids, '[]')), 'attendee_ids', json(coalesce(e.attendee_ids, '[]')),
    'timezone', e.timezone, 'series_id', e.id, 'occurrence_on', c.other_day, 'owner_id', e.owner_id
  ) AS as_row
FROM both c
JOIN event e ON e.id = c.other_id
LEFT JOIN best b ON b.place = c.place AND b.n = 1
ORDER BY c.place;

-- Important before urgent, then by date: what is late stands where its weight puts it.
-- name: tasks :many
SELECT
  t.id,
  t.version,
  t.title,
  t.due_on,
  t.due_on < :today AS is_late,
  t.is_important,
  t.is_urgent,
  t.account_id,
  a.name AS account_name,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = t.id AND o.state <> 'acked') AS is_unsent
FROM task t
LEFT JOIN account a ON a.id = t.account_id
WHERE t.assignee_id = :me AND t.done_at_ms IS NULL AND t.due_on <= :today
ORDER BY 2 * t.is_important + t.is_urgent DESC, t.due_on, t.id
LIMIT 12;

-- name: to_contact :many
SELECT a.id, a.name, a.level, a.next_contact_on, s.last_contact_at_ms, a.phones ->> 0 AS phone
FROM account a
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.next_contact_on <= :today AND a.owner_id = :me
ORDER BY a.next_contact_on, a.id
LIMIT 9;

-- name: conflicts :many
SELECT
  x.id,
  x.kind,
  x.target_entity,
  x.lost_at_ms,
  iif(x.kept_by = :me OR x.kind = 'proposal', lost.name, kept.name) AS other_name,
  a.name AS account_name
FROM conflict x
LEFT JOIN account a ON a.id = x.account_id
LEFT JOIN user kept ON kept.id = x.kept_by
LEFT JOIN user lost ON lost.id = x.lost_by
WHERE x.settled_at_ms IS NULL AND (x.kept_by = :me OR x.lost_by = :me OR a.owner_id = :me)
ORDER BY x.lost_at_ms DESC, x.id DESC
LIMIT 5;

-- name: mentions :many
SELECT
  m.id,
  m.body,
  m.created_at_ms,
  u.name AS by_name,
  a.name AS account_name
FROM comment m
LEFT JOIN user u ON u.id = m.owner_id
LEFT JOIN account a ON a.id = m.account_id
WHERE m.created_at_ms > :now_ms - 1209600000
  AND EXISTS (SELECT 1 FROM json_each(m.mention_ids) j WHERE j.value = :me)
  AND m.owner_id IS NOT :me
ORDER BY m.created_at_ms DESC, m.id DESC
LIMIT 5;

-- name: stickies :many
SELECT
  n.id,
  n.body,
  n.colour,
  EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = n.id AND o.state <> 'acked') AS is_unsent
FROM sticky n
WHERE n.owner_id = :me AND n.account_id IS NULL
ORDER BY n.created_at_ms DESC, n.id DESC
LIMIT 6;

-- What the others did, for those whose role reaches others.
-- name: feed :many
SELECT
  v.id,
  v.kind,
  v.at_ms,
  v.body,
  u.name AS by_name,
  a.name AS account_name
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
LEFT JOIN account a ON a.id = v.account_id
WHERE v.at_ms > :now_ms - 604800000 AND v.at_ms <= :now_ms
  AND v.owner_id IS NOT :me
  AND EXISTS (
    SELECT 1 FROM user i JOIN role r ON r.id = i.role_id WHERE i.id = :me AND r.data_scope <> 'own'
  )
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 8;

-- name: has_customers :value
SELECT EXISTS (SELECT 1 FROM account);

-- What colleagues handed over to me, until I say that I have it.
-- name: handovers :many
SELECT h.id, u.name AS from_name, h.counts ->> '$.account' AS accounts
FROM handover h LEFT JOIN user u ON u.id = h.from_id
WHERE h.to_id = :me AND h.done_at_ms IS NOT NULL AND h.received_at_ms IS NULL
ORDER BY h.done_at_ms DESC, h.id
LIMIT 3;

-- My customers that the shared pool takes back within two weeks, as account.sql reckons it.
-- name: going_back :many
WITH RECURSIVE
places (id) AS (
  SELECT department_id FROM user WHERE id = :me
  UNION SELECT d.parent_id FROM department d JOIN places p ON d.id = p.id
),
rules AS (
  SELECT r.days * 86400000 AS after_ms, r.levels FROM pool_rule r
  WHERE r.is_active = 1 AND (r.department_id IS NULL OR r.department_id IN (SELECT id FROM places))
)
SELECT a.id, a.name, a.level,
  max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) AS since_ms,
  max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) + min(r.after_ms) AS due_ms
FROM rules r
CROSS JOIN account a ON a.owner_id = :me
LEFT JOIN account_stat s ON s.account_id = a.id
WHERE a.kind = 'customer'
  AND (r.levels = '[]' OR a.level IN (SELECT value FROM json_each(r.levels)))
  AND coalesce(a.owner_since_ms, s.last_contact_at_ms) IS NOT NULL
  AND max(coalesce(a.owner_since_ms, 0), coalesce(s.last_contact_at_ms, 0)) + r.after_ms < :now_ms + 1209600000
  AND NOT EXISTS (
    SELECT 1 FROM event e
    WHERE e.account_id = a.id AND e.cancelled_at_ms IS NULL AND (e.end_ms >= :now_ms OR e.rrule IS NOT NULL)
  )
GROUP BY a.id
ORDER BY due_ms, a.id
LIMIT 5;

-- Approvals that wait for me: first of all for whoever decides.
-- include: _approval_stands.sql

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
  p.created_at_ms,
  p.due_at_ms,
  p.due_at_ms < :now_ms AS is_late,
  0 AS receipts_missing,
  CASE WHEN NOT EXISTS (SELECT 1 FROM json_each(p.waiting_ids) WHERE value = :me) THEN (
    SELECT o.name FROM json_each(p.waiting_ids) w JOIN user o ON o.id = w.value
    WHERE w.value IN (SELECT value FROM json_each(:stands))
    ORDER BY w.key
    LIMIT 1
  ) END AS for_name,
  NULL AS waiting_names,
  NULL AS decided_here,
  NULL AS outbox_n,
  NULL AS outbox_state,
  0 AS is_unsent,
  (
    SELECT a.effect FROM approval_action a
    WHERE a.approval_id = p.id AND a.owner_id = :me AND a.verb IN ('approve', 'reject', 'return')
    ORDER BY a.created_at_ms DESC, a.id DESC
    LIMIT 1
  ) AS my_effect
FROM approval p
JOIN user u ON u.id = p.owner_id
LEFT JOIN approval_definition d ON d.id = p.definition_id
WHERE p.state = 'pending' AND p.owner_id IS NOT :me
  AND EXISTS (SELECT 1 FROM json_each(p.waiting_ids) w WHERE w.value IN (SELECT value FROM json_each(:stands)))
  AND NOT EXISTS (
    SELECT 1 FROM approval_action d
    WHERE d.approval_id = p.id AND d.owner_id = :me AND d.effect IS NULL AND d.verb IN ('approve', 'reject', 'return', 'transfer')
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.row_id = d.id AND o.state = 'refused')
  )
ORDER BY p.due_at_ms IS NULL, p.due_at_ms, p.submitted_at_ms, p.id
LIMIT 6;

-- What came back to me, and is mine to do.
-- name: returned :many
SELECT p.id, p.title, p.state, d.name AS definition_name FROM approval p
LEFT JOIN approval_definition d ON d.id = p.definition_id
WHERE p.owner_id = :me AND p.state = 'returned'
ORDER BY p.submitted_at_ms DESC, p.id
LIMIT 3;
