-- unwatch_regimes
-- Stops the reckoning of an instrument's regimes; what is stored stays. Whether it was watched.
CREATE OR REPLACE FUNCTION unwatch_regimes(p_symbol text, p_exchange text, p_interval candle_interval)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE regime_states AS s SET stopped_at = clock_timestamp()
    WHERE s.symbol = p_symbol AND s.exchange = p_exchange AND s.interval = p_interval AND s.stopped_at IS NULL;
    RETURN FOUND;
END
$$;
