-- conversion
-- Units of p_to for a unit of p_from at a moment, and where that is from. Rates that the caller gives
-- (p_given: currency to units of p_base) come first, then the market: directly, else over one currency
-- between. Raises CS012 when there is none: a value without a rate is not booked (S17).
CREATE OR REPLACE FUNCTION conversion(p_from text, p_to text, p_at timestamptz, p_base text, p_given jsonb,
                           p_exchange text, OUT rate numeric, OUT path text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
DECLARE
    source numeric := CASE WHEN p_from = p_base THEN 1 ELSE (p_given ->> p_from)::numeric END;
    target numeric := CASE WHEN p_to = p_base THEN 1 ELSE (p_given ->> p_to)::numeric END;
BEGIN
    IF p_from = p_to THEN
        rate := 1;
        path := p_from;
        RETURN;
    END IF;
    IF source IS NOT NULL AND target IS NOT NULL THEN
        IF source <= 0 OR target <= 0 OR source IN ('NaN', 'Infinity') OR target IN ('NaN', 'Infinity') THEN
            RAISE EXCEPTION 'the rates given for % and % must be numbers above zero', p_from, p_to
                USING ERRCODE = 'CS010';
        END IF;
        rate := half_even(source, target);
        path := format('%s>%s given', p_from, p_to);
        RETURN;
    END IF;
    SELECT found.rate, found.path INTO rate, path FROM market_rate(p_from, p_to, p_at, p_exchange) AS found;
    IF rate IS NULL THEN
        SELECT half_even(first.rate * second.rate), first.path || ', ' || second.path INTO rate, path
        FROM (SELECT CASE WHEN base = p_from THEN quote ELSE base END AS via FROM instruments
              WHERE p_from IN (base, quote) AND settle IS NULL
              INTERSECT
              SELECT CASE WHEN base = p_to THEN quote ELSE base END FROM instruments
              WHERE p_to IN (base, quote) AND settle IS NULL) AS bridge
        CROSS JOIN LATERAL market_rate(p_from, bridge.via, p_at, p_exchange) AS first
        CROSS JOIN LATERAL market_rate(bridge.via, p_to, p_at, p_exchange) AS second
        ORDER BY bridge.via LIMIT 1;
    END IF;
    IF rate IS NULL OR rate = 0 THEN
        RAISE EXCEPTION 'no rate from % to % is known at %', p_from, p_to,
                        to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            USING ERRCODE = 'CS012',
                  HINT = format('Give the rate of %s, if that is a currency (rates, --rate %s=...), or import prices of an instrument between %s and %s and set its base and quote.',
                                p_from, p_from, p_from, p_to);
    END IF;
END
$$;
