-- reversal_rates
-- The rates that a trade was booked with, so that its reversal is booked with the same: currency to units
-- of the portfolio's base currency.
CREATE OR REPLACE FUNCTION reversal_rates(p_trade trades) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(currency, rate::text), '{}')
           || jsonb_build_object(p_trade.pnl_currency, p_trade.base_rate::text)
    FROM cash_ledger WHERE trade_id = p_trade.trade_id;
END;
