-- risk_alerts_in_order
-- One writer of alerts at a time, from its first alert to its commit: their numbers, which are drawn after
-- this, then follow the order of commit, and who has read up to one has missed none before it. Taken before
-- the lock of a switch, so that halting by hand and by a limit cannot wait for each other.
CREATE OR REPLACE FUNCTION risk_alerts_in_order() RETURNS void
LANGUAGE sql SET search_path = public, pg_temp
AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('cryptoscalp risk alerts', 7));
$$;
