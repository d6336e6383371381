-- record_transfer
-- Books a deposit (amount above zero), a withdrawal (below) or an adjustment under the caller's reference.
-- The same reference with the same content is returned again; with another content it is refused (CS010).
-- A withdrawal must be covered, unless p_overdraw says that it may not.
CREATE OR REPLACE FUNCTION record_transfer(
    p_portfolio text, p_kind cash_kind, p_currency text, p_amount numeric, p_reference text,
    p_timestamp timestamptz, p_rates jsonb DEFAULT NULL, p_overdraw boolean DEFAULT false,
    p_note text DEFAULT NULL, OUT is_duplicate boolean, OUT entry cash_ledger)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account portfolios := known_portfolio(p_portfolio);
    worth   record;
    held    numeric;
    wrong   text := CASE
        WHEN p_kind NOT IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT') THEN format('%s is no transfer', p_kind)
        WHEN coalesce(p_reference, '') = '' THEN 'it has no reference'
        WHEN coalesce(p_currency, '') !~ '^\S+$' THEN 'it has no currency'
        WHEN p_amount IS NULL OR p_amount = 0 OR abs(p_amount) IN ('NaN', 'Infinity') THEN
            format('amount %s is no amount', p_amount)
        WHEN abs(p_amount) >= 1e20 OR scale(trim_scale(p_amount)) > 18 THEN
            format('amount %s does not fit 20 digits and 18 decimals', p_amount)
        WHEN p_kind = 'DEPOSIT' AND p_amount < 0 OR p_kind = 'WITHDRAWAL' AND p_amount > 0 THEN
            format('amount %s has the wrong sign', trim_scale(p_amount))
        WHEN p_timestamp IS NULL OR p_timestamp < '2009-01-03 00:00:00+00'
             OR p_timestamp > clock_timestamp() + interval '10 minutes' THEN
            format('timestamp %s is not between 2009-01-03 and now', p_timestamp)
        END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '% % refused: %', lower(p_kind::text), coalesce(quote_literal(p_reference), ''), wrong
            USING ERRCODE = 'CS010';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(p_kind || ' ' || p_reference, account.portfolio_id));
    SELECT l.* INTO entry FROM cash_ledger AS l
    WHERE l.portfolio_id = account.portfolio_id AND l.kind = p_kind AND l.reference = p_reference;
    is_duplicate := FOUND;
    IF is_duplicate THEN
        IF entry.currency <> p_currency OR entry.amount <> p_amount THEN
            RAISE EXCEPTION '% % is booked with another content: % % is booked, % % came', lower(p_kind::text),
                quote_literal(p_reference), trim_scale(entry.amount), entry.currency, trim_scale(p_amount),
                p_currency USING ERRCODE = 'CS010';
        END IF;
        RETURN;
    END IF;
    IF p_kind = 'WITHDRAWAL' AND NOT p_overdraw THEN
        SELECT balance INTO held FROM cash_balances AS b
        WHERE b.portfolio_id = account.portfolio_id AND b.currency = p_currency FOR UPDATE;
        IF coalesce(held, 0) + p_amount < 0 THEN
            RAISE EXCEPTION 'withdrawal % of % % is not covered: the balance is %', quote_literal(p_reference),
                trim_scale(-p_amount), p_currency, trim_scale(coalesce(held, 0)) USING ERRCODE = 'CS010';
        END IF;
    END IF;
    SELECT balance INTO held FROM cash_balances AS b
    WHERE b.portfolio_id = account.portfolio_id AND b.currency = p_currency;
    worth := conversion(p_currency, account.base_currency, p_timestamp, account.base_currency, p_rates, NULL);
    IF abs(coalesce(held, 0) + p_amount) >= 1e20 OR abs(p_amount * worth.rate) >= 1e20 THEN
        RAISE EXCEPTION '% % refused: the balance or its worth would have more than 20 digits before the point',
            lower(p_kind::text), quote_literal(p_reference) USING ERRCODE = 'CS010';
    END IF;
    INSERT INTO cash_ledger (timestamp, portfolio_id, currency, amount, kind, rate, conversion_path, base_amount,
                             reference, note)
    VALUES (p_timestamp, account.portfolio_id, p_currency, p_amount, p_kind, worth.rate, worth.path,
            half_even(p_amount * worth.rate), p_reference, p_note)
    RETURNING * INTO entry;
END
$$;
