-- In no row of topics is current_conversations more than total_conversations.
SELECT
    coalesce(sum(current_conversations), 0) AS compared_left,
    coalesce(sum(total_conversations), 0) AS compared_right,
    count(CASE WHEN current_conversations > total_conversations THEN 1 END) AS broken
FROM topics_whole
