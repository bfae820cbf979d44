-- The total of each tag over all channels is what events of the range applied it to.
WITH counted AS (
    SELECT tag_id AS label_id, total_messages AS shown, 0 AS applied
    FROM tags_whole
    UNION ALL
    SELECT label_id, 0 AS shown, 1 AS applied
    FROM applied_labels_in_range
    WHERE kind = 'tag'
),

per_label AS (
    SELECT label_id, sum(shown) AS shown, sum(applied) AS applied
    FROM counted
    GROUP BY label_id
)

SELECT
    label_id AS row_key,
    shown AS compared_left,
    applied AS compared_right,
    CASE WHEN shown <> applied THEN 1 ELSE 0 END AS broken
FROM per_label
