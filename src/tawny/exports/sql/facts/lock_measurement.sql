-- One row: whether any channel of the request reports locks.
SELECT count(*) > 0 AS is_measured FROM measured_channels
