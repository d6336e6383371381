-- record_regimes
-- Stores what candles from p_from to p_through have led to: how long the newest regime was seen (p_seen,
-- NULL where it was not), the regimes that began (p_regimes: objects with timestamp, regime_type,
-- confidence, features and until), an event for each that differs from the one before and is not older than what is announced, and the state.
-- False, with nothing stored, when another worker was first, or the watch has stopped or has another rule:
-- read the state again. What contradicts the stored regimes is refused (CS010).
CREATE OR REPLACE FUNCTION record_regimes(
    p_symbol text, p_exchange text, p_interval candle_interval, p_rule jsonb, p_from timestamptz,
    p_through timestamptz, p_state jsonb, p_seen timestamptz, p_regimes jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    standing regime_states;
    newest   market_regimes;
    came     record;
    step     interval := p_interval::text::interval;
    -- The moment up to which the newest regime was seen.
    reached  timestamptz;
    wrong    text := CASE
        WHEN p_through IS NULL OR p_through <= p_from THEN format('%s is not after %s', p_through, p_from)
        WHEN p_through > clock_timestamp() THEN format('the candle that ends at %s has not ended', p_through)
        WHEN date_bin(step, p_through, 'epoch') <> p_through THEN format('no candle ends at %s', p_through)
        WHEN p_state IS NULL OR jsonb_typeof(p_state) <> 'object' THEN 'the state is no object'
        WHEN p_regimes IS NULL OR jsonb_typeof(p_regimes) <> 'array' THEN 'the regimes are no array'
        END;
BEGIN
    SELECT * INTO standing FROM regime_states AS s
    WHERE s.symbol = p_symbol AND s.exchange = p_exchange AND s.interval = p_interval FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'regimes of % on % (%) are not watched', p_symbol, p_exchange, p_interval
            USING ERRCODE = 'CS011', HINT = 'Watch them: `cryptoscalp regimes watch`.';
    END IF;
    IF standing.through IS DISTINCT FROM p_from OR standing.rule IS DISTINCT FROM p_rule
       OR standing.stopped_at IS NOT NULL THEN
        RETURN false;
    END IF;
    SELECT * INTO newest FROM market_regimes AS r
    WHERE r.symbol = p_symbol AND r.exchange = p_exchange AND r.interval = p_interval
    ORDER BY r.timestamp DESC LIMIT 1;
    IF p_seen IS NOT NULL AND (newest.regime_id IS NULL OR p_seen < newest.timestamp OR p_seen > p_through) THEN
        wrong := coalesce(wrong, format('no regime was seen until %s', p_seen));
    END IF;
    IF wrong IS NULL AND p_seen IS NOT NULL THEN
        UPDATE market_regimes AS r SET duration_minutes = floor(extract(epoch FROM p_seen - r.timestamp) / 60)
        WHERE r.regime_id = newest.regime_id
          AND r.duration_minutes < floor(extract(epoch FROM p_seen - r.timestamp) / 60);
    END IF;
    reached := greatest(p_from, newest.timestamp, p_seen);
    FOR came IN SELECT * FROM jsonb_to_recordset(p_regimes)
        AS r (timestamp timestamptz, regime_type regime_type, confidence double precision, features jsonb,
              until timestamptz)
    LOOP
        EXIT WHEN wrong IS NOT NULL;
        -- The candle that ends one regime begins the next: both may touch, and a first candle ends after p_from.
        wrong := CASE
            WHEN came.timestamp IS NULL OR came.timestamp <= greatest(p_from, newest.timestamp)
                 OR came.timestamp < reached OR came.until IS NULL OR came.until < came.timestamp
                 OR came.until > p_through THEN
                format('a regime from %s to %s does not follow %s', came.timestamp, came.until, reached)
            WHEN date_bin(step, came.timestamp, 'epoch') <> came.timestamp THEN
                format('no candle ends at %s', came.timestamp)
            WHEN came.regime_type IS NULL OR came.features IS NULL OR came.confidence IS NULL
                 OR came.confidence NOT BETWEEN 0 AND 1 THEN
                format('the regime of %s lacks its label, features or confidence', came.timestamp)
            END;
        IF wrong IS NULL THEN
            WITH made AS (
                INSERT INTO market_regimes (timestamp, symbol, exchange, interval, regime_type, confidence, features,
                                            duration_minutes)
                VALUES (came.timestamp, p_symbol, p_exchange, p_interval, came.regime_type, came.confidence,
                        came.features, floor(extract(epoch FROM came.until - came.timestamp) / 60))
                RETURNING *), told AS (
                INSERT INTO adaptation_events (timestamp, kind, symbol, exchange, regime_id, payload)
                SELECT made.timestamp, 'REGIME_CHANGE', p_symbol, p_exchange, made.regime_id, jsonb_build_object(
                    'interval', p_interval, 'from', newest.regime_type, 'to', made.regime_type,
                    'confidence', made.confidence, 'features', made.features)
                FROM made WHERE made.regime_type <> newest.regime_type AND made.timestamp >= standing.announced_from)
            SELECT * INTO newest FROM made;
            reached := came.until;
        END IF;
    END LOOP;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'regimes of % on % (%) refused: %', p_symbol, p_exchange, p_interval, wrong
            USING ERRCODE = 'CS010';
    END IF;
    UPDATE regime_states AS s SET through = p_through, state = p_state, updated_at = clock_timestamp()
    WHERE s.symbol = p_symbol AND s.exchange = p_exchange AND s.interval = p_interval;
    RETURN true;
END
$$;
