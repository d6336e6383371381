-- create_replay_buffer
-- Declares a buffer; the same again returns what is stored. Refused (CS010): another content under a name,
-- features that may be absent (a state has them all). Constraints refuse tiers that are not six.
CREATE OR REPLACE FUNCTION create_replay_buffer(
    p_name text, p_feature_set_id bigint, p_action_kind action_kind, p_action_width integer, p_tiers jsonb)
RETURNS replay_buffers
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    made replay_buffers;
    absent text;
BEGIN
    SELECT min(f) INTO absent FROM feature_sets AS s, unnest(s.features) AS f
    WHERE s.feature_set_id = p_feature_set_id AND f LIKE '%?';
    IF absent IS NOT NULL THEN
        RAISE EXCEPTION 'replay buffer %: feature % may be absent, and a state has all of its features',
            quote_literal(p_name), quote_literal(absent)
            USING ERRCODE = 'CS010', HINT = 'Declare a feature set whose names do not end in ?.';
    ELSIF NOT EXISTS (SELECT FROM feature_sets AS s WHERE s.feature_set_id = p_feature_set_id) THEN
        RAISE EXCEPTION 'there is no feature set %', coalesce(p_feature_set_id::text, 'NULL')
            USING ERRCODE = 'CS011', HINT = '`cryptoscalp features list` shows them.';
    END IF;
    INSERT INTO replay_buffers (name, feature_set_id, action_kind, action_width, tiers)
    VALUES (p_name, p_feature_set_id, p_action_kind, p_action_width, p_tiers)
    ON CONFLICT (name) DO NOTHING RETURNING * INTO made;
    IF NOT FOUND THEN
        SELECT b.* INTO STRICT made FROM replay_buffers AS b WHERE b.name = p_name;
        IF (made.feature_set_id, made.action_kind, made.action_width, made.tiers)
           IS DISTINCT FROM (p_feature_set_id, p_action_kind, p_action_width, p_tiers) THEN
            RAISE EXCEPTION 'replay buffer % is there with another feature set, action or tiers', quote_literal(p_name)
                USING ERRCODE = 'CS010', HINT = '`cryptoscalp replay tiers` shows and changes its tiers; another form '
                                                'of states or actions needs a buffer of its own.';
        END IF;
    END IF;
    RETURN made;
END
$$;
