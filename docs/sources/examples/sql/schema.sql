-- A home-made desk in PostgreSQL.
CREATE TABLE staff (id integer PRIMARY KEY, name text NOT NULL, updated_at timestamptz NOT NULL);
CREATE TABLE ticket (
    id integer PRIMARY KEY, inbox text NOT NULL, customer text NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
);
CREATE TABLE note (
    id integer PRIMARY KEY, ticket_id integer NOT NULL, what text NOT NULL, staff_id integer,
    body text, created_at timestamptz NOT NULL
);
INSERT INTO staff VALUES (7, 'Ann Berg', '2026-05-01T08:00:00Z');
INSERT INTO ticket VALUES
    (41, 'web', 'kim', '2026-06-08T07:00:00Z', '2026-06-08T09:30:00Z'),
    (42, 'web', 'lou', '2026-06-08T08:00:00Z', '2026-06-08T08:00:00Z');
INSERT INTO note VALUES
    (1, 41, 'question', NULL, 'It is broken.', '2026-06-08T07:00:00Z'),
    (2, 41, 'answer', 7, 'A new one is on its way.', '2026-06-08T08:00:00Z'),
    (3, 41, 'close', 7, NULL, '2026-06-08T09:30:00Z'),
    (4, 42, 'question', NULL, 'Where is it?', '2026-06-08T08:00:00Z');
