-- open_adaptation
-- The adaptation of a number, held until the transaction ends; CS011 when there is none.
CREATE OR REPLACE FUNCTION open_adaptation(p_adaptation_id bigint) RETURNS adaptation_history
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    found_one adaptation_history;
BEGIN
    SELECT * INTO found_one FROM adaptation_history WHERE adaptation_id = p_adaptation_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no adaptation %', p_adaptation_id
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp adaptations list` shows them.';
    END IF;
    RETURN found_one;
END
$$;
