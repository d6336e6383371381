-- book_terms
-- What the books must know of an instrument: its currencies, whether it is margined (a derivative) and
-- inverse, and the size of a contract. CS011 when it is unknown, or a term that money depends on is. They
-- stay until the end of the transaction. Not STABLE: after that wait the newest ones have to be read.
CREATE OR REPLACE FUNCTION book_terms(p_symbol text, p_exchange text, OUT base text, OUT quote text, OUT settle text,
                           OUT margined boolean, OUT is_inverse boolean, OUT multiplier numeric)
LANGUAGE plpgsql
AS $$
DECLARE
    known instruments;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_symbol || '@' || p_exchange, 11));
    SELECT * INTO known FROM instruments AS i WHERE i.symbol = p_symbol AND i.exchange = p_exchange;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no instrument % on %', p_symbol, p_exchange
            USING ERRCODE = 'CS011',
                  HINT = format('cryptoscalp instruments add %s --exchange %s --base ... --quote ... makes it.',
                                p_symbol, p_exchange);
    END IF;
    is_inverse := coalesce(known.inverse, false);
    margined := is_inverse OR known.settle IS NOT NULL;
    base := known.base;
    quote := known.quote;
    settle := coalesce(known.settle, CASE WHEN is_inverse THEN base ELSE quote END);
    multiplier := CASE WHEN margined THEN coalesce(known.contract_multiplier, CASE WHEN NOT is_inverse THEN 1 END)
                       ELSE 1 END;
    IF base IS NULL OR quote IS NULL OR multiplier IS NULL THEN
        RAISE EXCEPTION 'the % of % on % is not known, and money depends on it',
                CASE WHEN base IS NULL THEN 'base currency' WHEN quote IS NULL THEN 'quote currency'
                     ELSE 'contract multiplier' END, p_symbol, p_exchange
            USING ERRCODE = 'CS011',
                  HINT = format('cryptoscalp instruments set %s --exchange %s --base ... --quote ... (a derivative also --settle ..., --inverse and --contract-multiplier ...)',
                                p_symbol, p_exchange);
    END IF;
END
$$;
