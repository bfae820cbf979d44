-- One row: whether anybody's presence was ever reported.
SELECT count(*) > 0 AS is_measured FROM presence_events WHERE type = 'presence.changed'
