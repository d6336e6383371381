-- record_funding
-- Books one funding payment: p_amount as the venue says it, or reckoned from p_rate, p_mark and what was
-- open at that moment (longs pay where the rate is above zero); a rate given with an amount must have its sign. One a position side and funding time: the
-- same again is returned, another content is refused (CS010).
CREATE OR REPLACE FUNCTION record_funding(
    p_portfolio text, p_symbol text, p_exchange text, p_timestamp timestamptz, p_amount numeric DEFAULT NULL,
    p_rate numeric DEFAULT NULL, p_mark numeric DEFAULT NULL, p_currency text DEFAULT NULL,
    p_strategy text DEFAULT NULL, p_position_side position_side DEFAULT NULL, p_rates jsonb DEFAULT NULL,
    OUT is_duplicate boolean, OUT payment funding_payments)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account  portfolios := known_portfolio(p_portfolio);
    strategy bigint := known_strategy(p_strategy);
    terms    record;
    worth    record;
    held     record;
    paid     numeric := p_amount;
BEGIN
    IF p_timestamp IS NULL OR p_timestamp < '2009-01-03 00:00:00+00'
       OR p_timestamp > clock_timestamp() + interval '10 minutes' THEN
        RAISE EXCEPTION 'funding refused: timestamp % is not between 2009-01-03 and now', p_timestamp
            USING ERRCODE = 'CS010';
    ELSIF account.position_mode = 'HEDGING' AND p_position_side IS NULL THEN
        RAISE EXCEPTION 'portfolio % is HEDGING: say which position the funding is of, LONG or SHORT',
            quote_literal(account.name) USING ERRCODE = 'CS010';
    END IF;
    terms := book_terms(p_symbol, p_exchange);
    IF NOT terms.margined THEN
        RAISE EXCEPTION '% on % is a spot pair, for which no funding is paid', p_symbol, p_exchange
            USING ERRCODE = 'CS010',
                  HINT = format('cryptoscalp instruments set %s --exchange %s --settle ... if it is a derivative.',
                                p_symbol, p_exchange);
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(p_symbol || '@' || p_exchange, account.portfolio_id));
    -- What was open at that moment, from the fills until then.
    SELECT p.position_id, p.side, p.pnl_currency,
           coalesce(sum(CASE WHEN t.opens_position_id = p.position_id THEN t.opened_quantity ELSE 0 END)
                    - sum(CASE WHEN t.closes_position_id = p.position_id THEN t.closed_quantity ELSE 0 END), 0)
               AS quantity
    INTO held
    FROM positions AS p
    LEFT JOIN trades AS t ON p.position_id IN (t.opens_position_id, t.closes_position_id)
                         AND t.timestamp <= p_timestamp
    WHERE p.portfolio_id = account.portfolio_id AND p.symbol = p_symbol AND p.exchange = p_exchange
      AND p.strategy_id IS NOT DISTINCT FROM strategy AND p.opened_at <= p_timestamp
      AND (p.closed_at IS NULL OR p.closed_at >= p_timestamp)
      AND (p_position_side IS NULL OR p.side = p_position_side)
    GROUP BY p.position_id ORDER BY p.opened_at DESC LIMIT 1;
    IF paid IS NULL AND p_rate IS NOT NULL AND p_mark > 0 AND held.quantity > 0 THEN
        paid := half_even(CASE held.side WHEN 'LONG' THEN -1 ELSE 1 END * p_rate
                          * position_value(terms.is_inverse, terms.multiplier, held.quantity, p_mark));
    END IF;
    IF p_amount IS NOT NULL AND p_rate IS NOT NULL AND held.quantity > 0
       AND sign(p_amount) <> (sign(p_rate) * CASE held.side WHEN 'LONG' THEN -1 ELSE 1 END) THEN
        RAISE EXCEPTION 'funding of % on % at % refused: at a rate of % a % position %, and the amount is %', p_symbol,
            p_exchange, p_timestamp, trim_scale(p_rate), held.side,
            CASE WHEN (p_rate > 0) = (held.side = 'LONG') THEN 'pays' ELSE 'receives' END, trim_scale(p_amount)
            USING ERRCODE = 'CS010';
    END IF;
    IF paid IS NULL OR abs(paid) IN ('NaN', 'Infinity') OR paid = 0 OR abs(paid) >= 1e20
       OR scale(trim_scale(paid)) > 18 THEN
        RAISE EXCEPTION 'funding of % on % at % refused: %', p_symbol, p_exchange, p_timestamp,
            CASE WHEN paid IS NOT NULL THEN format('%s is no amount that can be booked', trim_scale(paid))
                 WHEN held.quantity > 0 THEN 'give an amount, or a rate and a mark price'
                 ELSE 'no position was open then, so the amount has to be given' END USING ERRCODE = 'CS010';
    ELSIF p_currency IS NOT NULL AND p_currency <> terms.settle THEN
        RAISE EXCEPTION 'funding of % on % is paid in %, not in %', p_symbol, p_exchange, terms.settle, p_currency
            USING ERRCODE = 'CS010';
    END IF;
    SELECT f.* INTO payment FROM funding_payments AS f
    WHERE f.portfolio_id = account.portfolio_id AND f.strategy_id IS NOT DISTINCT FROM strategy
      AND f.symbol = p_symbol AND f.exchange = p_exchange AND f.timestamp = p_timestamp
      AND f.position_side IS NOT DISTINCT FROM p_position_side;
    is_duplicate := FOUND;
    IF is_duplicate THEN
        IF payment.amount <> paid THEN
            RAISE EXCEPTION 'funding of % on % at % is booked with another content: % is booked, % came', p_symbol,
                p_exchange, p_timestamp, trim_scale(payment.amount), trim_scale(paid) USING ERRCODE = 'CS010';
        END IF;
        RETURN;
    END IF;
    worth := conversion(terms.settle, account.base_currency, p_timestamp, account.base_currency, p_rates, p_exchange);
    INSERT INTO funding_payments (timestamp, symbol, exchange, portfolio_id, strategy_id, position_side, position_id,
                                  funding_rate, mark_price, quantity, amount, currency)
    VALUES (p_timestamp, p_symbol, p_exchange, account.portfolio_id, strategy, p_position_side, held.position_id,
            p_rate, p_mark, held.quantity, paid, terms.settle)
    RETURNING * INTO payment;
    UPDATE positions AS p SET funding = p.funding + paid WHERE p.position_id = held.position_id;
    INSERT INTO cash_ledger (timestamp, portfolio_id, currency, amount, kind, rate, conversion_path, base_amount,
                             funding_id)
    VALUES (p_timestamp, account.portfolio_id, terms.settle, paid, 'FUNDING', worth.rate, worth.path,
            half_even(paid * worth.rate), payment.funding_id);
END
$$;
