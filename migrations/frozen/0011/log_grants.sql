-- log_grants
-- What the product's login may do with logs: read them, and call what records them.
SELECT ours_alone();
GRANT SELECT ON system_logs, server_log_positions TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION record_logs(timestamptz[], text[], text[], text[], text[], text)
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION record_server_logs(text, bigint, bigint, timestamptz[], text[], text[], text[]),
    forget_server_logs(text[]) TO cryptoscalp_app;
