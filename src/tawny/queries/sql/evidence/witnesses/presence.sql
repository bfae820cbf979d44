-- The last change of anybody's presence: it shows that presence is reported.
SELECT max(event) AS event
FROM presence_events
WHERE type = 'presence.changed'
