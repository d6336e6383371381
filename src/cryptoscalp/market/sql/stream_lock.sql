-- The advisory lock key of one instrument's trades or quotes. Every writer of ticks, product or
-- foreign, holds it until it commits, so that identity and candles are decided one at a time.
CREATE OR REPLACE FUNCTION stream_lock(p_exchange text, p_symbol text, p_kind text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hashtextextended(p_exchange || chr(31) || p_symbol || chr(31) || p_kind, 7);
