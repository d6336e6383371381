-- order_adaptation_events
-- One writer of events at a time, from its first event to its commit: their numbers, which are drawn after
-- this, then follow the order of commit, and a reader that is done with one has missed none before it.
CREATE OR REPLACE FUNCTION order_adaptation_events() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoscalp adaptation events', 7));
    RETURN NULL;
END
$$;
