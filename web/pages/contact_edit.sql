-- page: /contacts/{id}/edit

-- name: contact :one
SELECT c.id, c.version, c.name, c.title, c.department, c.influence, c.phones, c.emails, c.wechat, c.address,
  c.birthday, c.tags, c.note, c.account_id
FROM contact c
WHERE c.id = :id;
