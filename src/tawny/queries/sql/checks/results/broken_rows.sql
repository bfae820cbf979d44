-- Keys of rows that break an identity: the first 20.
WITH broken_keys AS (
    SELECT DISTINCT row_key
    FROM compared_rows
    WHERE broken > 0 AND row_key IS NOT NULL
),

numbered AS (
    SELECT row_key, row_number() OVER (ORDER BY row_key) AS place
    FROM broken_keys
)

SELECT row_key
FROM numbered
WHERE place <= 20
ORDER BY row_key
