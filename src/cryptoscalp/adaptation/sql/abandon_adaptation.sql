-- abandon_adaptation
-- Ends an adaptation of which nothing came: no success, nothing measured. The same again returns the row.
CREATE OR REPLACE FUNCTION abandon_adaptation(p_adaptation_id bigint, p_note text) RETURNS adaptation_history
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    one adaptation_history := open_adaptation(p_adaptation_id);
BEGIN
    IF one.finished_at IS NOT NULL THEN
        IF one.result_model_id IS NULL AND one.note IS NOT DISTINCT FROM coalesce(p_note, one.note) THEN
            RETURN one;
        END IF;
        RAISE EXCEPTION 'adaptation % refused: it was finished at %', p_adaptation_id, one.finished_at
            USING ERRCODE = 'CS010';
    END IF;
    UPDATE adaptation_history SET success = false, finished_at = clock_timestamp(), note = coalesce(p_note, note)
    WHERE adaptation_id = p_adaptation_id RETURNING * INTO one;
    RETURN one;
END
$$;
