-- page: /team
-- query: who= kind= before= below=

-- name: before_ms :value
SELECT CASE WHEN :before GLOB '[0-9]*' THEN CAST(:before AS INTEGER) ELSE :now_ms + 60000 END;

-- What others did with customers that I see, newest first.
-- name: entries :many
SELECT v.id, v.kind, v.body, v.at_ms, v.owner_id, u.name AS author_name, v.account_id, a.name AS account_name,
  v.checkin_at_ms IS NOT NULL AS has_checkin
FROM activity v
LEFT JOIN user u ON u.id = v.owner_id
LEFT JOIN account a ON a.id = v.account_id
WHERE (v.at_ms, v.id) < (:before_ms, :below)
  AND (:kind = '' OR v.kind = :kind)
  AND CASE :who WHEN '' THEN v.owner_id IS NOT :me ELSE v.owner_id = :who END
ORDER BY v.at_ms DESC, v.id DESC
LIMIT 51;

-- The last seven days, by person.
-- name: week :many
SELECT v.owner_id, u.name, count(*) AS total, sum(v.kind = 'visit') AS visits, sum(v.kind = 'call') AS calls,
  max(v.at_ms) AS last_ms
FROM activity v
JOIN user u ON u.id = v.owner_id
WHERE v.at_ms >= day_start_ms(add_days(:today, -6), :tz) AND v.at_ms <= :now_ms AND v.owner_id <> :me
GROUP BY v.owner_id
ORDER BY total DESC, u.name, v.owner_id
LIMIT 50;

-- name: person :maybe
SELECT id, name FROM user WHERE id = :who;
