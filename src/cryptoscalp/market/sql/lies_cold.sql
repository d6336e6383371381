-- Whether an instrument's rows of a moment are read from the cold tier.
CREATE OR REPLACE FUNCTION lies_cold(p_table text, p_exchange text, p_symbol text, p_at timestamptz)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
    SELECT EXISTS (SELECT FROM cold_parts
                   WHERE table_name = p_table AND symbol = p_symbol AND exchange = p_exchange
                     AND day = p_at::date AND state = 'COLD')
$$;
