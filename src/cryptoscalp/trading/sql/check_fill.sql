-- check_fill
-- Refuses what cannot be a fill: CS010 says which field and why.
CREATE OR REPLACE FUNCTION check_fill(p_exchange_trade_id text, p_timestamp timestamptz, p_quantity numeric, p_price numeric,
                           p_commission numeric, p_commission_currency text, p_leverage numeric)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    wrong text := CASE
        WHEN p_exchange_trade_id IS NULL OR p_exchange_trade_id = '' THEN 'it has no exchange_trade_id'
        WHEN p_timestamp IS NULL THEN 'it has no timestamp'
        WHEN p_timestamp < '2009-01-03 00:00:00+00' THEN format('timestamp %s is before 2009-01-03', p_timestamp)
        WHEN p_timestamp > clock_timestamp() + interval '10 minutes' THEN
            format('timestamp %s is in the future', p_timestamp)
        WHEN p_quantity IS NULL OR NOT (p_quantity > 0 AND p_quantity < 'Infinity') OR p_quantity = 'NaN' THEN
            format('quantity %s must be above zero', p_quantity)
        WHEN p_price IS NULL OR NOT (p_price > 0 AND p_price < 'Infinity') OR p_price = 'NaN' THEN
            format('price %s must be above zero', p_price)
        WHEN p_commission IS NULL OR abs(p_commission) IN ('NaN', 'Infinity') THEN
            format('fee %s must be a number', p_commission)
        WHEN p_commission <> 0 AND coalesce(p_commission_currency, '') = '' THEN
            format('its fee %s has no currency', trim_scale(p_commission))
        WHEN p_leverage IS NOT NULL AND NOT (p_leverage > 0 AND p_leverage < 'Infinity') THEN
            format('leverage %s must be above zero', p_leverage)
        WHEN scale(trim_scale(p_quantity)) > 18 OR scale(trim_scale(p_price)) > 18
             OR scale(trim_scale(p_commission)) > 18 THEN
            'quantity, price or fee has more than 18 decimals'
        WHEN greatest(p_quantity, p_price, abs(p_commission)) >= 1e20 THEN
            'quantity, price or fee has more than 20 digits before the point'
        END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'fill % refused: %', coalesce(p_exchange_trade_id, 'without an id'), wrong
            USING ERRCODE = 'CS010';
    END IF;
END
$$;
