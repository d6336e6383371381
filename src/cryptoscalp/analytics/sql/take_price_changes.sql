-- take_price_changes
-- Tells every portfolio that was valued with a price which came or changed afterwards from when on its
-- performance has to be reckoned again. Returns how many notes were taken.
CREATE OR REPLACE FUNCTION take_price_changes() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    taken bigint[] := ARRAY(SELECT change_id FROM performance_changes WHERE symbol IS NOT NULL);
BEGIN
    IF cardinality(taken) = 0 THEN
        RETURN 0;
    END IF;
    PERFORM lock_performance(ARRAY(
        SELECT DISTINCT i.portfolio_id FROM performance_changes AS c
        JOIN performance_instruments AS i ON i.symbol = c.symbol AND i.exchange = c.exchange
        WHERE c.change_id = ANY (taken)));
    UPDATE performance_progress AS p SET dirty_since = least(p.dirty_since, late.since)
    FROM (SELECT i.portfolio_id, s.step, min(c.since) AS since
          FROM performance_changes AS c
          JOIN performance_instruments AS i ON i.symbol = c.symbol AND i.exchange = c.exchange
          JOIN performance_progress AS s ON s.portfolio_id = i.portfolio_id AND s.through >= c.since
          WHERE c.change_id = ANY (taken) GROUP BY i.portfolio_id, s.step) AS late
    WHERE p.portfolio_id = late.portfolio_id AND p.step = late.step;
    DELETE FROM performance_changes WHERE change_id = ANY (taken);
    RETURN cardinality(taken);
END
$$;
