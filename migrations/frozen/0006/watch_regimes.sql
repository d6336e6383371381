-- watch_regimes
-- Has the regimes of an instrument reckoned on candles of an interval; again with the same rule changes
-- nothing. One that was stopped goes on where it stood; with another rule it begins anew there, as what is
-- stored stays. Changes before p_announce_from (now) make no event. Another rule for one that is watched is refused (CS010).
CREATE OR REPLACE FUNCTION watch_regimes(p_symbol text, p_exchange text, p_interval candle_interval, p_rule jsonb,
                              p_announce_from timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    standing regime_states;
BEGIN
    IF p_rule IS NULL OR jsonb_typeof(p_rule) <> 'object' OR NOT p_rule ? 'name' OR NOT p_rule ? 'version' THEN
        RAISE EXCEPTION 'a rule is an object with name, version and its parameters, not %', p_rule
            USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO regime_states (symbol, exchange, interval, rule, announced_from)
    VALUES (p_symbol, p_exchange, p_interval, p_rule, coalesce(p_announce_from, now()))
    ON CONFLICT (symbol, exchange, interval) DO NOTHING;
    SELECT * INTO STRICT standing FROM regime_states AS s
    WHERE s.symbol = p_symbol AND s.exchange = p_exchange AND s.interval = p_interval FOR UPDATE;
    IF standing.rule <> p_rule AND standing.stopped_at IS NULL THEN
        RAISE EXCEPTION 'regimes of % on % (%) are reckoned with other parameters: %', p_symbol, p_exchange,
            p_interval, standing.rule
            USING ERRCODE = 'CS010', HINT = 'Stop it first: `cryptoscalp regimes unwatch`, then watch it again; '
                                            'the regimes stored so far stay.';
    END IF;
    UPDATE regime_states AS s
    SET stopped_at = NULL, rule = p_rule, announced_from = coalesce(p_announce_from, now()),
        state = CASE WHEN standing.rule = p_rule THEN standing.state ELSE '{}' END
    WHERE s.symbol = p_symbol AND s.exchange = p_exchange AND s.interval = p_interval
      AND standing.stopped_at IS NOT NULL;
END
$$;
