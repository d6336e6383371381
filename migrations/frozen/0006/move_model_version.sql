-- move_model_version
-- Moves a version to a status and slot; the trigger tells whether it may go there, and records it with the note.
CREATE OR REPLACE FUNCTION move_model_version(
    p_model_id bigint, p_status model_status, p_slot text, p_replaces bigint, p_rollback boolean, p_note text)
RETURNS model_versions
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    moved model_versions;
BEGIN
    PERFORM set_config('cryptoscalp.note', coalesce(p_note, ''), true),
            set_config('cryptoscalp.rollback', CASE WHEN p_rollback THEN 'on' ELSE '' END, true);
    UPDATE model_versions SET status = p_status, slot = coalesce(p_slot, slot),
                              replaces_model_id = coalesce(replaces_model_id, p_replaces)
    WHERE model_id = p_model_id RETURNING * INTO moved;
    -- What follows in this transaction is no part of it.
    PERFORM set_config('cryptoscalp.note', '', true), set_config('cryptoscalp.rollback', '', true);
    RETURN moved;
END
$$;
