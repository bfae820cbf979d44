-- Every message that response-times names is in messages.
WITH known AS (
    SELECT DISTINCT message_id FROM messages_whole
)

SELECT
    count(known.message_id) AS compared_left,
    count(*) AS compared_right,
    count(*) - count(known.message_id) AS broken
FROM response_times_whole AS responses
LEFT JOIN known ON known.message_id = responses.outbound_message_id
