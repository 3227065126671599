-- page: /me/notices

-- name: preference :maybe
SELECT
  id, version, notice_off, notice_email, robot_kind, robot_url, robot_secret, quiet_from, quiet_until, remind_at
FROM preference WHERE id = :me;

-- name: own_email :maybe
SELECT j.value AS address FROM user u, json_each(u.emails) j WHERE u.id = :me ORDER BY j.key LIMIT 1;
