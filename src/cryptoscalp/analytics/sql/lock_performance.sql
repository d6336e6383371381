-- lock_performance
-- Lets one refresh at a time, until the end of its transaction, reckon the performance of these portfolios.
CREATE OR REPLACE FUNCTION lock_performance(p_portfolios bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    one bigint;
BEGIN
    FOR one IN SELECT DISTINCT id FROM unnest(p_portfolios) AS id ORDER BY id LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('performance', one));
    END LOOP;
END
$$;
