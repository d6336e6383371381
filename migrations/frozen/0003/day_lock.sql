-- Key of the advisory lock on one day of a table. Who writes rows over a day old to it, or brings a
-- part of it back, holds it shared until commit; who takes the day out holds it alone. So a row never
-- comes into a partition that is on its way out.
CREATE OR REPLACE FUNCTION day_lock(p_table text, p_day date) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
RETURN hashtextextended(p_table || ' ' || (p_day - date '2000-01-01'), 11);
