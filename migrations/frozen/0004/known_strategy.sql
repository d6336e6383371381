-- known_strategy
-- Number of the strategy of a name, NULL for none; CS011 when there is no such strategy.
CREATE OR REPLACE FUNCTION known_strategy(p_name text) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    found_one bigint;
BEGIN
    IF p_name IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT strategy_id INTO found_one FROM strategies WHERE name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no strategy %', quote_literal(p_name)
            USING ERRCODE = 'CS011', HINT = 'cryptoscalp strategies list shows them; strategies create makes one.';
    END IF;
    RETURN found_one;
END
$$;
