-- Drops what this revision made.
DROP FUNCTION record_server_logs, forget_server_logs, record_logs;
DROP TABLE system_logs, server_log_positions;
DROP SEQUENCE system_logs_log_id_seq;
DROP TYPE log_level;
