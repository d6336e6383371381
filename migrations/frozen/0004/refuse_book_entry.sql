-- refuse_book_entry
-- Rows of the books follow from fills, transfers and funding: only the functions that keep every sum
-- write them. They run as the owner; who else may write at all (a superuser) is told the way.
CREATE OR REPLACE FUNCTION refuse_book_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF current_user = 'cryptoscalp_owner' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % refused: it would not agree with the rest of the books', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CS001',
              HINT = 'Call record_fill(), record_transfer(), record_funding() or place_order() instead.';
END
$$;
