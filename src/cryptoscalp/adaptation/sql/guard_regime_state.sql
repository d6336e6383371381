-- guard_regime_state
-- Where a reckoning stands is written by the functions that keep it in step with market_regimes, and only
-- goes forward; a stopped one stays, so that it can go on.
CREATE OR REPLACE FUNCTION guard_regime_state() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user <> 'cryptoscalp_owner' OR TG_OP NOT IN ('INSERT', 'UPDATE') THEN
        RAISE EXCEPTION '% on % refused: it would not agree with market_regimes', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'CS001',
                  HINT = 'Call watch_regimes(), unwatch_regimes() or record_regimes() instead.';
    END IF;
    IF TG_OP = 'UPDATE' AND ((NEW.symbol, NEW.exchange, NEW.interval, NEW.created_at)
                             IS DISTINCT FROM (OLD.symbol, OLD.exchange, OLD.interval, OLD.created_at)
                             OR (OLD.through IS NOT NULL AND NEW.through IS NULL) OR NEW.through < OLD.through) THEN
        RAISE EXCEPTION 'regimes of % on % (%) only go forward, from %', OLD.symbol, OLD.exchange, OLD.interval,
            OLD.through USING ERRCODE = 'CS001';
    END IF;
    RETURN NEW;
END
$$;
