-- note_price_change
-- Notes for the next refresh that a candle came, changed its close or went after performance was reckoned
-- with the prices of its time. A transaction notes an instrument once for the earliest moment it comes to.
CREATE OR REPLACE FUNCTION note_price_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    changed candles;
    ended   timestamptz;
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := OLD;
    ELSE
        changed := NEW;
    END IF;
    PERFORM FROM performance_instruments AS i
    WHERE i.symbol = changed.symbol AND i.exchange = changed.exchange LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    ended := changed.timestamp + changed.interval::text::interval;
    INSERT INTO performance_changes (symbol, exchange, since, until)
    SELECT changed.symbol, changed.exchange, ended, ended
    WHERE EXISTS (SELECT FROM performance_instruments AS i JOIN performance_progress AS p USING (portfolio_id)
                  WHERE i.symbol = changed.symbol AND i.exchange = changed.exchange AND p.through >= ended)
      AND NOT EXISTS (SELECT FROM performance_changes AS c
                      WHERE c.symbol = changed.symbol AND c.exchange = changed.exchange
                        AND c.transaction = pg_current_xact_id()::text::bigint AND c.since <= ended);
    RETURN NULL;
END
$$;
