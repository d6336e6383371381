-- check_effect
-- Refuses a fill whose effect on the position is not one that it may have (CS010).
CREATE OR REPLACE FUNCTION check_effect(p_trade trades, p_held positions, p_mine position_side, p_hedged boolean,
                             p_position_side position_side, p_reduce_only boolean)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    name text := coalesce(p_trade.exchange_trade_id, 'reversal of ' || p_trade.reverses_trade_id);
BEGIN
    IF p_hedged AND p_trade.opened_quantity > 0 AND p_position_side <> p_mine THEN
        RAISE EXCEPTION 'side mismatch: fill % is a % of %, and the % position has % open', name, p_trade.side,
            trim_scale(p_trade.quantity), p_position_side, trim_scale(coalesce(p_held.open_quantity, 0))
            USING ERRCODE = 'CS010', HINT = 'Name the other position side, or book the missing fills first.';
    ELSIF NOT p_hedged AND p_position_side IS NOT NULL
          AND p_position_side <> coalesce(p_held.side, p_mine) THEN
        RAISE EXCEPTION 'side mismatch: fill % is said to be of a % position, and the books have % (portfolio is NETTING)',
            name, p_position_side, coalesce(p_held.side, p_mine) USING ERRCODE = 'CS010';
    ELSIF p_reduce_only AND p_trade.opened_quantity > 0 THEN
        RAISE EXCEPTION 'fill % is reduce-only, and there is less than % to reduce: % open', name,
            trim_scale(p_trade.quantity), trim_scale(coalesce(p_held.open_quantity, 0)) USING ERRCODE = 'CS010';
    ELSIF p_trade.closed_quantity > 0 AND p_trade.kind = 'FILL' AND p_trade.timestamp < p_held.opened_at THEN
        RAISE EXCEPTION 'fill % of % is older than position % that it would close, opened at %', name,
            p_trade.timestamp, p_held.position_id, p_held.opened_at
            USING ERRCODE = 'CS010', HINT = 'Book fills in their order; what is missing comes in by reconcile --apply.';
    END IF;
END
$$;
