CREATE TYPE part_state AS ENUM ('WRITTEN', 'VERIFIED', 'COLD', 'THAWED');

CREATE TABLE cold_parts (
    table_name TEXT NOT NULL,
    day DATE NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    state part_state NOT NULL,
    version BIGINT DEFAULT '1' NOT NULL,
    rows BIGINT NOT NULL,
    first_timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    last_timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    first_sequence BIGINT,
    last_sequence BIGINT,
    content_sha256 BYTEA NOT NULL,
    snapshot_id BIGINT NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT cold_parts_pkey PRIMARY KEY (table_name, symbol, exchange, day),
    CONSTRAINT chk_part_rows CHECK (rows > 0),
    CONSTRAINT chk_part_range CHECK (last_timestamp >= first_timestamp),
    CONSTRAINT chk_part_sha256 CHECK (octet_length(content_sha256) = 32),
    CONSTRAINT chk_part_verified CHECK (state = 'WRITTEN' OR state = 'THAWED' OR verified_at IS NOT NULL)
);

CREATE INDEX cold_parts_day_idx ON cold_parts (table_name, day);

COMMENT ON TABLE cold_parts IS 'The export ledger: one row for each instrument''s day that lies in the cold tier.';

COMMENT ON COLUMN cold_parts.table_name IS 'table that the rows belong to';

COMMENT ON COLUMN cold_parts.day IS 'UTC day of their timestamps';

COMMENT ON COLUMN cold_parts.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN cold_parts.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN cold_parts.state IS 'COLD: the lake is read; else PostgreSQL is';

COMMENT ON COLUMN cold_parts.version IS 'counts every change of this row, so that a reader notices one';

COMMENT ON COLUMN cold_parts.rows IS 'rows in the lake';

COMMENT ON COLUMN cold_parts.first_timestamp IS 'of the earliest row';

COMMENT ON COLUMN cold_parts.last_timestamp IS 'of the latest row';

COMMENT ON COLUMN cold_parts.first_sequence IS 'lowest sequence, where rows have one';

COMMENT ON COLUMN cold_parts.last_sequence IS 'highest sequence, where rows have one';

COMMENT ON COLUMN cold_parts.content_sha256 IS 'of the canonical content, see docs/cold-tier.md';

COMMENT ON COLUMN cold_parts.snapshot_id IS 'Iceberg snapshot that holds it';

COMMENT ON COLUMN cold_parts.written_at IS 'when it was written to the lake';

COMMENT ON COLUMN cold_parts.verified_at IS 'when it was last read back and found equal';

COMMENT ON COLUMN cold_parts.changed_at IS 'when this row last changed';

CREATE TABLE late_writes (
    table_name TEXT NOT NULL,
    day DATE NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT late_writes_pkey PRIMARY KEY (table_name, day)
);

COMMENT ON TABLE late_writes IS 'Writes of rows over a day old: retention counts from the last write (S19).';

COMMENT ON COLUMN late_writes.table_name IS 'table that was written';

COMMENT ON COLUMN late_writes.day IS 'UTC day of the rows';

COMMENT ON COLUMN late_writes.written_at IS 'the last write, to the hour';

CREATE TABLE cold_orphans (
    path TEXT NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT cold_orphans_pkey PRIMARY KEY (path)
);

COMMENT ON TABLE cold_orphans IS 'Files of the warehouse that nothing refers to; deleted 30 days after they were found.';

COMMENT ON COLUMN cold_orphans.path IS 'location of a file in the warehouse';

COMMENT ON COLUMN cold_orphans.found_at IS 'when it was first found that no table refers to it';

CREATE TABLE retention_holds (
    hold_id BIGINT GENERATED ALWAYS AS IDENTITY,
    table_name TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    reason TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    released_by TEXT,
    released_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT retention_holds_pkey PRIMARY KEY (hold_id),
    CONSTRAINT chk_hold_range CHECK (last_day >= first_day),
    CONSTRAINT chk_hold_reason CHECK (reason <> '' AND placed_by <> ''),
    CONSTRAINT chk_hold_released CHECK ((released_at IS NULL) = (released_by IS NULL))
);

CREATE INDEX retention_holds_table_name_idx ON retention_holds (table_name, first_day) WHERE released_at IS NULL;

COMMENT ON TABLE retention_holds IS 'Legal holds: no row of the days leaves PostgreSQL or the lake while one is in force.';

COMMENT ON COLUMN retention_holds.hold_id IS 'its number';

COMMENT ON COLUMN retention_holds.table_name IS 'table that is held';

COMMENT ON COLUMN retention_holds.first_day IS 'first UTC day held';

COMMENT ON COLUMN retention_holds.last_day IS 'last UTC day held';

COMMENT ON COLUMN retention_holds.reason IS 'why, in the words of who placed it';

COMMENT ON COLUMN retention_holds.placed_by IS 'who placed it';

COMMENT ON COLUMN retention_holds.placed_at IS 'when it was placed';

COMMENT ON COLUMN retention_holds.released_by IS 'who released it; NULL while it is in force';

COMMENT ON COLUMN retention_holds.released_at IS 'when it was released';

CREATE TABLE departures (
    departure_id BIGINT GENERATED ALWAYS AS IDENTITY,
    table_name TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    rows BIGINT NOT NULL,
    reason TEXT NOT NULL,
    piece TEXT NOT NULL,
    departed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    attempts INTEGER DEFAULT '1' NOT NULL,
    CONSTRAINT departures_pkey PRIMARY KEY (departure_id)
);

CREATE INDEX departures_table_name_idx ON departures (table_name, first_day);

COMMENT ON TABLE departures IS 'Every partition, chunk or set of rows that retention has taken out.';

COMMENT ON COLUMN departures.departure_id IS 'its number';

COMMENT ON COLUMN departures.table_name IS 'table that the rows left';

COMMENT ON COLUMN departures.first_day IS 'first UTC day of the piece';

COMMENT ON COLUMN departures.last_day IS 'last UTC day of the piece';

COMMENT ON COLUMN departures.rows IS 'rows that left';

COMMENT ON COLUMN departures.reason IS 'cold: they lie in the lake; operational, or expired: their time was over';

COMMENT ON COLUMN departures.piece IS 'partition or chunk that was dropped';

COMMENT ON COLUMN departures.departed_at IS 'when';

COMMENT ON COLUMN departures.attempts IS 'tries it took';

CREATE TYPE run_state AS ENUM ('RUNNING', 'SUCCEEDED', 'FAILED', 'LOST');

CREATE TABLE job_runs (
    run_id BIGINT GENERATED ALWAYS AS IDENTITY,
    job TEXT NOT NULL,
    state run_state DEFAULT 'RUNNING' NOT NULL,
    attempt INTEGER DEFAULT '1' NOT NULL,
    worker TEXT NOT NULL,
    queue_id BIGINT,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    rows BIGINT,
    detail TEXT,
    error TEXT,
    CONSTRAINT job_runs_pkey PRIMARY KEY (run_id),
    CONSTRAINT chk_run_finished CHECK ((state = 'RUNNING') = (finished_at IS NULL)),
    CONSTRAINT chk_run_error CHECK ((state IN ('FAILED', 'LOST')) = (error IS NOT NULL))
);

CREATE INDEX job_runs_job_idx ON job_runs (job, started_at);

CREATE INDEX job_runs_started_at_idx ON job_runs (started_at);

COMMENT ON TABLE job_runs IS 'Every run of a scheduled job.';

COMMENT ON COLUMN job_runs.run_id IS 'its number';

COMMENT ON COLUMN job_runs.job IS 'name in the declared list of jobs';

COMMENT ON COLUMN job_runs.state IS 'LOST: its worker went away before the end';

COMMENT ON COLUMN job_runs.attempt IS '1 for the first try, then its retries';

COMMENT ON COLUMN job_runs.worker IS 'host and process that ran it';

COMMENT ON COLUMN job_runs.queue_id IS 'its job in procrastinate''s queue';

COMMENT ON COLUMN job_runs.started_at IS 'start';

COMMENT ON COLUMN job_runs.finished_at IS 'end; NULL while it runs';

COMMENT ON COLUMN job_runs.rows IS 'rows or pieces it touched';

COMMENT ON COLUMN job_runs.detail IS 'what it did, in a sentence';

COMMENT ON COLUMN job_runs.error IS 'why it failed';

CREATE TABLE alerts (
    alert_id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    message TEXT NOT NULL,
    times INTEGER DEFAULT '1' NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    cleared_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT alerts_pkey PRIMARY KEY (alert_id)
);

CREATE UNIQUE INDEX alerts_open_idx ON alerts (source, name) WHERE cleared_at IS NULL;

COMMENT ON TABLE alerts IS 'What somebody has to look at; at most one open alert of a source and name.';

COMMENT ON COLUMN alerts.alert_id IS 'its number';

COMMENT ON COLUMN alerts.source IS 'what raises such alerts: job';

COMMENT ON COLUMN alerts.name IS 'which one: the job''s name';

COMMENT ON COLUMN alerts.message IS 'what is wrong';

COMMENT ON COLUMN alerts.times IS 'how often it was raised';

COMMENT ON COLUMN alerts.raised_at IS 'first raised';

COMMENT ON COLUMN alerts.last_at IS 'last raised';

COMMENT ON COLUMN alerts.cleared_at IS 'when it was right again; NULL while it stands';

