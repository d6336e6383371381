-- change_replay
-- Moves experiences to other tiers, or out of the buffer (0), and says so in replay_changes. What is gone
-- already is left out.
CREATE OR REPLACE FUNCTION change_replay(
    p_buffer_id bigint, p_writer_id bigint, p_memory_ids bigint[], p_tiers bigint[], p_reason text,
    OUT moved bigint, OUT evicted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    PERFORM known_replay_buffer(p_buffer_id);
    IF EXISTS (SELECT FROM unnest(p_tiers) AS tier WHERE tier IS NULL OR tier NOT BETWEEN 0 AND 6) THEN
        RAISE EXCEPTION 'a tier is one of 1 to 6, or 0 for out of the buffer' USING ERRCODE = 'CS010';
    END IF;
    IF cardinality(p_memory_ids) IS DISTINCT FROM cardinality(p_tiers) THEN
        RAISE EXCEPTION '% tiers for % experiences', cardinality(p_tiers), cardinality(p_memory_ids)
            USING ERRCODE = 'CS010';
    END IF;
    UPDATE replay_priorities AS r SET tier = v.tier
    FROM unnest(p_memory_ids, p_tiers) AS v (id, tier)
    WHERE v.tier > 0 AND r.memory_id = v.id AND r.buffer_id = p_buffer_id AND r.tier <> v.tier;
    GET DIAGNOSTICS moved = ROW_COUNT;
    DELETE FROM experience_replay AS e USING unnest(p_memory_ids, p_tiers) AS v (id, tier)
    WHERE v.tier = 0 AND e.memory_id = v.id AND e.buffer_id = p_buffer_id;
    GET DIAGNOSTICS evicted = ROW_COUNT;
    IF moved + evicted > 0 THEN
        INSERT INTO replay_changes (buffer_id, writer_id, memory_ids, tiers, reason)
        VALUES (p_buffer_id, p_writer_id, p_memory_ids, p_tiers::smallint[], p_reason);
    END IF;
END
$$;
