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
    coalesce(sum(shown), 0) AS compared_left,
    coalesce(sum(applied), 0) AS compared_right,
    count(CASE WHEN shown <> applied THEN 1 END) AS broken
FROM per_label
