-- Records that parts were read back from the lake with these hashes; returns how many agreed.
CREATE OR REPLACE FUNCTION verify_parts(
    p_table text, p_day date, p_exchanges text[], p_symbols text[], p_sha256s bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    agreed bigint;
BEGIN
    PERFORM FROM cold_parts WHERE table_name = p_table AND day = p_day ORDER BY symbol, exchange FOR UPDATE;
    UPDATE cold_parts AS p
    SET state = CASE p.state WHEN 'WRITTEN' THEN 'VERIFIED' ELSE p.state END,
        version = p.version + CASE p.state WHEN 'WRITTEN' THEN 1 ELSE 0 END,
        changed_at = CASE p.state WHEN 'WRITTEN' THEN now() ELSE p.changed_at END,
        verified_at = now()
    FROM unnest(p_exchanges, p_symbols, p_sha256s) AS said (exchange, symbol, sha256)
    WHERE p.table_name = p_table AND p.day = p_day AND p.exchange = said.exchange
      AND p.symbol = said.symbol AND p.content_sha256 = said.sha256
      AND p.state IN ('WRITTEN', 'VERIFIED', 'COLD');
    GET DIAGNOSTICS agreed = ROW_COUNT;
    RETURN agreed;
END
$$;
