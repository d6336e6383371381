-- Runs are recorded by workers; alerts are raised and cleared by them.
GRANT SELECT, INSERT, UPDATE, DELETE ON job_runs, alerts TO cryptoscalp_app;
