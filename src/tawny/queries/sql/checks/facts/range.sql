-- The range that is checked and the instant of its exports, in milliseconds since 1970 UTC.
SELECT $from_ms AS from_ms, $to_ms AS to_ms, $as_of_ms AS as_of_ms
