-- post_trade
-- Writes the trade, the cash it moves and the event of its order. A spot fill moves two currencies; a
-- derivative's moves what it realizes; both pay their fee in the currency of the fee.
CREATE OR REPLACE FUNCTION post_trade(p_trade trades, p_account portfolios, p_terms record, p_rates jsonb) RETURNS trades
LANGUAGE plpgsql
AS $$
DECLARE
    booked trades := p_trade;
    sign   integer := CASE p_trade.side WHEN 'BUY' THEN 1 ELSE -1 END;
    settle record;
    fee    record;
BEGIN
    settle := conversion(p_terms.settle, p_account.base_currency, booked.timestamp, p_account.base_currency, p_rates,
                         booked.exchange);
    booked.base_rate := settle.rate;
    IF booked.commission_currency IS NULL OR booked.commission_currency = booked.pnl_currency THEN
        fee := settle;
        booked.commission_rate := CASE WHEN booked.commission_currency IS NOT NULL THEN 1 END;
        booked.commission_value := booked.commission;
    ELSIF NOT p_terms.margined AND booked.commission_currency = p_terms.base THEN
        booked.commission_rate := booked.price;
        booked.commission_value := half_even(booked.commission * booked.price);
        SELECT half_even(booked.price * settle.rate) AS rate,
               format('%s>%s fill', p_terms.base, concat_ws(', ', p_terms.quote, nullif(settle.path, p_terms.quote)))
                   AS path INTO fee;
    ELSE
        fee := conversion(booked.commission_currency, p_account.base_currency, booked.timestamp,
                          p_account.base_currency, p_rates, booked.exchange);
        booked.commission_rate := CASE
            WHEN p_terms.settle = p_account.base_currency THEN fee.rate
            ELSE (conversion(booked.commission_currency, p_terms.settle, booked.timestamp,
                             p_account.base_currency, p_rates, booked.exchange)).rate END;
        booked.commission_value := half_even(booked.commission * booked.commission_rate);
    END IF;
    INSERT INTO trades (timestamp, symbol, exchange, side, quantity, price, commission, pnl, portfolio_id, strategy_id,
                        order_id, kind, exchange_trade_id, revision, reverses_trade_id, exchange_order_id, liquidity,
                        notional, pnl_currency, commission_currency, commission_rate, commission_value, base_rate,
                        closes_position_id, closed_quantity, closed_cost, closed_value, opens_position_id,
                        opened_quantity, opened_cost, model_id, note)
    VALUES (booked.timestamp, booked.symbol, booked.exchange, booked.side, booked.quantity, booked.price,
            booked.commission, booked.pnl, booked.portfolio_id, booked.strategy_id, booked.order_id, booked.kind,
            booked.exchange_trade_id, booked.revision, booked.reverses_trade_id, booked.exchange_order_id,
            booked.liquidity, booked.notional, booked.pnl_currency, booked.commission_currency,
            booked.commission_rate, booked.commission_value, booked.base_rate, booked.closes_position_id, booked.closed_quantity,
            booked.closed_cost, booked.closed_value, booked.opens_position_id, booked.opened_quantity,
            booked.opened_cost, booked.model_id, booked.note)
    RETURNING * INTO booked;
    INSERT INTO cash_ledger (timestamp, portfolio_id, currency, amount, kind, rate, conversion_path, base_amount,
                             trade_id)
    SELECT booked.timestamp, booked.portfolio_id, leg.currency, leg.amount, leg.kind, leg.rate, leg.path,
           leg.base_amount, booked.trade_id
    FROM (VALUES
        (1, p_terms.quote, CASE WHEN NOT p_terms.margined THEN -sign * booked.notional END, 'TRADE'::cash_kind,
         settle.rate, settle.path, half_even(-sign * booked.notional * settle.rate)),
        (2, p_terms.base, CASE WHEN NOT p_terms.margined THEN sign * booked.quantity END, 'TRADE',
         half_even(booked.price * settle.rate), format('%s>%s fill', p_terms.base, p_terms.quote),
         half_even(sign * booked.notional * settle.rate)),
        (3, booked.pnl_currency, CASE WHEN p_terms.margined THEN booked.pnl END, 'REALIZED_PNL',
         settle.rate, settle.path, half_even(booked.pnl * settle.rate)),
        (4, booked.commission_currency, -booked.commission, 'FEE',
         fee.rate, fee.path, half_even(-booked.commission * fee.rate))
    ) AS leg (place, currency, amount, kind, rate, path, base_amount)
    WHERE leg.amount <> 0 ORDER BY leg.place;
    IF booked.order_id IS NOT NULL AND booked.kind <> 'REVERSAL' THEN
        INSERT INTO order_events (order_id, timestamp, event, trade_id)
        VALUES (booked.order_id, booked.timestamp, 'FILLED', booked.trade_id);
        UPDATE orders SET updated_at = greatest(updated_at, booked.timestamp) WHERE order_id = booked.order_id;
    END IF;
    RETURN booked;
END
$$;
