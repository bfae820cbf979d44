-- In no row of tags is current_messages more than total_messages.
SELECT
    tag_id AS row_key,
    current_messages AS compared_left,
    total_messages AS compared_right,
    CASE WHEN current_messages > total_messages THEN 1 ELSE 0 END AS broken
FROM tags_whole
