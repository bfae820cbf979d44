-- No conversation of open-conversations is resolved.
SELECT
    count(CASE WHEN current_status <> 'resolved' THEN 1 END) AS compared_left,
    count(*) AS compared_right,
    count(CASE WHEN current_status = 'resolved' THEN 1 END) AS broken
FROM open_conversations_whole
