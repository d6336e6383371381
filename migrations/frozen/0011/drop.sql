-- Drops what this revision made.
DROP FUNCTION record_server_logs, forget_server_logs, record_logs;
-- One by one: a hypertable is not dropped along with others.
DROP TABLE system_logs;
DROP TABLE server_log_positions;
DROP SEQUENCE system_logs_log_id_seq;
DROP TYPE log_level;
