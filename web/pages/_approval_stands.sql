-- Included by pages of what waits for somebody.

-- Whose steps I may decide: my own, and those of whoever is away and has named me, also by way of somebody who is away, too.
-- name: stands :value
WITH RECURSIVE away (id) AS (
  SELECT :me
  UNION
  SELECT s.owner_id FROM away a JOIN substitute s ON s.substitute_id = a.id
  WHERE s.from_on <= :today AND s.until_on >= :today
)
SELECT json_group_array(id ORDER BY id) FROM away;
