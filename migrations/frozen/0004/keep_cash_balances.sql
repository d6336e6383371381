-- keep_cash_balances
-- Adds new ledger rows to the balances, in one order of currencies, so that two fills never wait for each
-- other in a circle.
CREATE OR REPLACE FUNCTION keep_cash_balances() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO cash_balances AS kept (portfolio_id, currency, balance, entries)
    SELECT portfolio_id, currency, sum(amount), count(*) FROM new_rows
    GROUP BY portfolio_id, currency ORDER BY portfolio_id, currency
    ON CONFLICT (portfolio_id, currency) DO UPDATE
        SET balance = kept.balance + excluded.balance, entries = kept.entries + excluded.entries;
    RETURN NULL;
END
$$;
