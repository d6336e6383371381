-- known_portfolio
-- The portfolio of a name; CS011 when there is none, CS010 when it is retired.
CREATE OR REPLACE FUNCTION known_portfolio(p_name text) RETURNS portfolios
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    found_one portfolios;
BEGIN
    SELECT * INTO found_one FROM portfolios WHERE name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no portfolio %', quote_literal(p_name)
            USING ERRCODE = 'CS011', HINT = 'cryptoscalp portfolio list shows them; portfolio create makes one.';
    ELSIF found_one.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'portfolio % is closed', quote_literal(p_name) USING ERRCODE = 'CS010';
    END IF;
    RETURN found_one;
END
$$;
