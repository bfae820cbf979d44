-- Teams with the names they have now.
SELECT
    /* evidence */ event,
    team_id, name
FROM (
    SELECT
        /* evidence */ event,
        team_id, name,
        row_number() OVER (
            PARTITION BY team_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'team.saved'
) AS saved
WHERE newest = 1
