-- Every message that response-times names is in messages.
WITH known AS (
    SELECT DISTINCT message_id FROM messages_whole
)

SELECT
    responses.outbound_message_id AS row_key,
    CASE WHEN known.message_id IS NULL THEN 0 ELSE 1 END AS compared_left,
    1 AS compared_right,
    CASE WHEN known.message_id IS NULL THEN 1 ELSE 0 END AS broken
FROM response_times_whole AS responses
LEFT JOIN known ON known.message_id = responses.outbound_message_id
