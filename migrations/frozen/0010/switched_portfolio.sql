-- switched_portfolio
-- Number of the portfolio of a name, closed or not; NULL for NULL, which is all of them. CS011 for none.
CREATE OR REPLACE FUNCTION switched_portfolio(p_name text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp
AS $$
DECLARE
    found_one bigint;
BEGIN
    SELECT p.portfolio_id INTO found_one FROM portfolios AS p WHERE p.name = p_name;
    IF NOT FOUND AND p_name IS NOT NULL THEN
        RAISE EXCEPTION 'there is no portfolio %', quote_literal(p_name)
            USING ERRCODE = 'CS011', HINT = 'cryptoscalp portfolio list shows them.';
    END IF;
    RETURN found_one;
END
$$;
