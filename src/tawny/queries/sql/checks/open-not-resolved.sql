-- No conversation of open-conversations is resolved.
SELECT
    conversation_id AS row_key,
    CASE WHEN current_status <> 'resolved' THEN 1 ELSE 0 END AS compared_left,
    1 AS compared_right,
    CASE WHEN current_status = 'resolved' THEN 1 ELSE 0 END AS broken
FROM open_conversations_whole
