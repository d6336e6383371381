-- refuse_book_change
-- What is booked stays: a mistake is corrected by a further row. Holds for everybody, the owner too.
CREATE OR REPLACE FUNCTION refuse_book_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: the books are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001',
              HINT = 'To take a trade back run: cryptoscalp trades reverse TRADE_ID --reason TEXT';
END
$$;
