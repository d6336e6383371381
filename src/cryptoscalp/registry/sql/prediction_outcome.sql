-- prediction_outcome
-- What a prediction came to, by what is stored now: the prices at its decision and when it was due, by its
-- model's rule. state: RESOLVED; UNRESOLVABLE (reason 'stale', 'gap' or 'no coverage'); WAITING; COLD. That
-- a price is stale is certain at once, as everything about it has been received; a gap may be filled, and
-- coverage may come, until the model's patience is over, which begins when the prediction was due and recorded.
CREATE OR REPLACE FUNCTION prediction_outcome(p_symbol text, p_exchange text, p_timestamp timestamptz,
                                   p_due_at timestamptz, p_price target_price, p_kind target_kind,
                                   p_interval candle_interval, p_reach interval, p_patience interval,
                                   p_recorded_at timestamptz)
RETURNS TABLE (state text, actual double precision, reference double precision, reason text, detail text)
-- Not STABLE: the cold tier's ledger has to be seen as it is after the ticks were read.
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' SET plan_cache_mode = auto
AS $$
DECLARE
    ticks   constant text := CASE p_price WHEN 'MID' THEN 'order_book_l1' ELSE 'market_data' END;
    late    constant boolean := greatest(p_due_at, p_recorded_at) + p_patience < now();
    due     record;
    decided record;
    worst   record;
    before  numeric;
    after   numeric;
    looked  boolean := false;
BEGIN
    LOOP
        SELECT sum(c.version) INTO after FROM cold_parts AS c
        WHERE c.table_name = ticks AND c.symbol = p_symbol AND c.exchange = p_exchange AND c.day <= p_due_at::date;
        -- Equal before and after: no day was moved away between the look at the ledger and that at the ticks.
        EXIT WHEN looked AND after IS NOT DISTINCT FROM before;
        before := after;
        looked := true;
        SELECT * INTO due FROM observed_at(p_symbol, p_exchange, p_due_at, p_price, p_interval, p_reach);
        SELECT * INTO decided FROM observed_at(p_symbol, p_exchange, p_timestamp, p_price, p_interval, p_reach);
    END LOOP;
    IF due.state = 'KNOWN' AND decided.state = 'KNOWN' THEN
        state := 'RESOLVED';
        reference := decided.price::double precision;
        -- The difference is exact, and 40 decimals of the quotient are more than a double holds.
        actual := CASE p_kind WHEN 'PRICE' THEN due.price
                              ELSE (due.price - decided.price) / decided.price::numeric(80, 40) END::double precision;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT told.* INTO worst
    FROM (VALUES (due.state, 'when it was due', due.detail), (decided.state, 'at the decision', decided.detail))
         AS told (state, place, detail)
    WHERE told.state <> 'KNOWN'
    ORDER BY array_position('{STALE, COLD, GAP, WAITING}', told.state), told.place DESC LIMIT 1;
    state := CASE WHEN worst.state = 'COLD' THEN 'COLD'
                  WHEN worst.state = 'STALE' OR late THEN 'UNRESOLVABLE' ELSE 'WAITING' END;
    IF state = 'UNRESOLVABLE' THEN
        reason := CASE worst.state WHEN 'WAITING' THEN 'no coverage' ELSE lower(worst.state) END;
        detail := CASE worst.state WHEN 'WAITING' THEN format('no coverage within %s: ', p_patience)
                                   WHEN 'GAP' THEN 'a gap: ' ELSE 'stale: ' END
                  || worst.detail || ', ' || worst.place;
    ELSE
        detail := worst.detail;
    END IF;
    RETURN NEXT;
END
$$;
