-- Refuses to go on while any of an instrument's trades lie in the cold tier.
CREATE OR REPLACE FUNCTION refuse_cold_trades(p_exchange text, p_symbol text) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp
AS $$
    SELECT refuse_cold('market_data', p_exchange, p_symbol, min(day), max(day)) FROM cold_parts
    WHERE table_name = 'market_data' AND symbol = p_symbol AND exchange = p_exchange AND state = 'COLD'
    HAVING count(*) > 0
$$;
