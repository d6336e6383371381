CREATE TYPE log_level AS ENUM ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL');

CREATE SEQUENCE system_logs_log_id_seq;

CREATE TABLE system_logs (
    log_id BIGINT DEFAULT nextval('system_logs_log_id_seq') NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    level log_level NOT NULL,
    component VARCHAR(100) NOT NULL,
    message TEXT NOT NULL,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT system_logs_pkey PRIMARY KEY (timestamp, log_id),
    CONSTRAINT chk_log CHECK (component <> '' AND length(message) <= 65536 AND jsonb_typeof(metadata) = 'object')
)
 PARTITION BY RANGE (timestamp);

CREATE INDEX error_logs_idx ON system_logs (timestamp, component) WHERE level IN ('ERROR', 'CRITICAL');

COMMENT ON TABLE system_logs IS 'What the product and its server logged; leaves after 30 days.';

COMMENT ON COLUMN system_logs.log_id IS 'its number';

COMMENT ON COLUMN system_logs.timestamp IS 'when it was logged, by the clock of who logged it';

COMMENT ON COLUMN system_logs.level IS 'how grave';

COMMENT ON COLUMN system_logs.component IS 'name of the logger; postgresql for the server''s own';

COMMENT ON COLUMN system_logs.message IS 'what was said, without secrets';

COMMENT ON COLUMN system_logs.metadata IS 'process, thread, host, place in the code, traceback, and what extra= brought';

CREATE TABLE server_log_positions (
    file TEXT NOT NULL,
    position BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT server_log_positions_pkey PRIMARY KEY (file),
    CONSTRAINT chk_log_position CHECK (file <> '' AND position >= 0 AND lines >= 0)
);

COMMENT ON TABLE server_log_positions IS 'How far each log file of the server was read, written with what was read.';

COMMENT ON COLUMN server_log_positions.file IS 'name of the server''s log file';

COMMENT ON COLUMN server_log_positions.position IS 'bytes of it that are in system_logs';

COMMENT ON COLUMN server_log_positions.lines IS 'lines of it that are in system_logs';

COMMENT ON COLUMN server_log_positions.updated_at IS 'when the last of them came in';

