-- The newest cold part of an instrument, where it is of a later day than a moment (NULL: of any day).
CREATE OR REPLACE FUNCTION newer_cold_part(p_table text, p_exchange text, p_symbol text, p_than timestamptz)
RETURNS SETOF cold_parts
LANGUAGE sql STABLE SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
    SELECT * FROM cold_parts
    WHERE table_name = p_table AND symbol = p_symbol AND exchange = p_exchange AND state = 'COLD'
      AND (p_than IS NULL OR day > p_than::date)
    ORDER BY day DESC LIMIT 1
$$;
