-- set_replay_priorities
-- Sets raw priorities and |TD errors| and adds to the numbers of draws; NULL in p_priorities keeps what is stored.
-- Experiences that are gone are ignored; returns how many were there.
CREATE OR REPLACE FUNCTION set_replay_priorities(
    p_buffer_id bigint, p_memory_ids bigint[], p_priorities double precision[], p_td_errors double precision[],
    p_draws bigint[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    touched bigint;
BEGIN
    IF EXISTS (SELECT FROM (VALUES (cardinality(p_priorities)), (cardinality(p_td_errors)), (cardinality(p_draws)))
               AS one (length) WHERE length IS DISTINCT FROM cardinality(p_memory_ids)) THEN
        RAISE EXCEPTION '% priorities, % TD errors and % draws for % experiences, and it is one each',
            cardinality(p_priorities), cardinality(p_td_errors), cardinality(p_draws), cardinality(p_memory_ids)
            USING ERRCODE = 'CS010';
    END IF;
    UPDATE replay_priorities AS r
    SET priority = coalesce(v.priority, r.priority), td_error = coalesce(v.td_error::real, r.td_error),
        draws = r.draws + coalesce(v.drawn, 0)
    FROM unnest(p_memory_ids, p_priorities, p_td_errors, p_draws) AS v (id, priority, td_error, drawn)
    WHERE r.memory_id = v.id AND r.buffer_id = p_buffer_id;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN touched;
END
$$;
