-- In no row of tags is current_messages more than total_messages.
SELECT
    coalesce(sum(current_messages), 0) AS compared_left,
    coalesce(sum(total_messages), 0) AS compared_right,
    count(CASE WHEN current_messages > total_messages THEN 1 END) AS broken
FROM tags_whole
