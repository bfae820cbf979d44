-- In no row of topics is current_conversations more than total_conversations.
SELECT
    topic_id AS row_key,
    current_conversations AS compared_left,
    total_conversations AS compared_right,
    CASE WHEN current_conversations > total_conversations THEN 1 ELSE 0 END AS broken
FROM topics_whole
