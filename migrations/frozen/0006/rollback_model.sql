-- rollback_model
-- Retires what is deployed in a slot and deploys again what it replaced there, in one transaction; again, and it
-- goes one further back. A version that was retired by hand or rolled back from is not returned to. With p_from
-- only where that version is deployed: two that roll back at once do not go back twice.
CREATE OR REPLACE FUNCTION rollback_model(
    p_model_name text, p_slot text, p_from text DEFAULT NULL, p_note text DEFAULT NULL)
RETURNS model_versions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    account models := known_model(p_model_name);
    last    model_versions;
    target  integer;
BEGIN
    SELECT * INTO last FROM model_versions WHERE model_name = account.model_name AND slot = p_slot
    ORDER BY deployed_at DESC LIMIT 1;
    IF p_from IS NOT NULL AND (last.model_id IS DISTINCT FROM known_model_version(p_from) OR last.status <> 'DEPLOYED') THEN
        RAISE EXCEPTION '% is not deployed in slot % of %', p_from, quote_literal(p_slot), quote_literal(p_model_name)
            USING ERRCODE = 'CS010', HINT = '`cryptoscalp models list` shows what is.';
    END IF;
    SELECT version_number INTO target FROM model_versions WHERE model_id = last.replaces_model_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slot % of % % nothing to roll back to', quote_literal(p_slot), quote_literal(p_model_name),
            CASE last.status WHEN 'DEPLOYED' THEN 'has' ELSE 'is empty and has' END
            USING ERRCODE = 'CS010', HINT = CASE
                WHEN last.model_id IS NULL THEN 'Nothing was ever deployed there.'
                WHEN last.status = 'DEPLOYED' THEN format('Version %s is the first there.', last.version_number)
                ELSE format('Version %s was the first there and was retired; promote another one to the slot.',
                            last.version_number)
                END;
    END IF;
    IF last.status = 'DEPLOYED' THEN
        PERFORM move_model_version(last.model_id, 'RETIRED', NULL, NULL, true, format('rolled back to version %s', target));
    END IF;
    RETURN move_model_version(last.replaces_model_id, 'DEPLOYED', NULL, NULL, true, p_note);
END
$$;
