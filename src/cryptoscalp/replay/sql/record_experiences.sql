-- record_experiences
-- Stores experiences of one buffer, all of them or none; returns how many came, were stored, and were there
-- already with the same content. Arrays hold one element an experience; p_states and p_next_states the vectors
-- one after the other, p_actions likewise; p_regimes the place of a regime in its type, below 1 for none;
-- without p_memory_ids numbers are given out. The JSON of a state is made of its vector here: the two cannot differ.
-- Refused (CS010, CS011): see experience_fault; a length that does not fit; another content under a stored id.
CREATE OR REPLACE FUNCTION record_experiences(
    p_buffer_id bigint, p_memory_ids bigint[], p_timestamps timestamptz[], p_next_timestamps timestamptz[],
    p_tiers bigint[], p_states real[], p_actions double precision[], p_rewards double precision[],
    p_next_states real[], p_priorities double precision[], p_terminals bigint[], p_truncations bigint[],
    p_episodes bigint[], p_steps bigint[], p_model_ids bigint[], p_portfolio_ids bigint[], p_trade_ids bigint[],
    p_regimes bigint[], OUT received bigint, OUT stored bigint, OUT duplicate bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
-- A plan made for arrays of any length would take them for short ones.
SET plan_cache_mode = force_custom_plan
-- Numbers as text are exact, whatever the session has set.
SET extra_float_digits = 1
AS $$
DECLARE
    buffer CONSTANT replay_buffers := known_replay_buffer(p_buffer_id);
    names CONSTANT text[] := (SELECT s.features FROM feature_sets AS s WHERE s.feature_set_id = buffer.feature_set_id);
    width CONSTANT integer := cardinality(names);
    template CONSTANT text := state_template(names);
    regimes CONSTANT regime_type[] := enum_range(NULL::regime_type);
    fault text;
    wrong bigint;
BEGIN
    received := cardinality(p_timestamps);
    IF received IS NULL OR EXISTS (SELECT FROM (VALUES (cardinality(p_next_timestamps)), (cardinality(p_tiers)), (cardinality(p_rewards)),
                   (cardinality(p_priorities)), (cardinality(p_terminals)), (cardinality(p_truncations)),
                   (cardinality(p_episodes)), (cardinality(p_steps)), (cardinality(p_model_ids)),
                   (cardinality(p_portfolio_ids)), (cardinality(p_trade_ids)), (cardinality(p_regimes)),
                   (coalesce(cardinality(p_memory_ids), received))) AS one (length)
               WHERE length IS DISTINCT FROM received)
       -- Not their cardinality alone: what is taken out of them counts from 1.
       OR (array_dims(p_states), array_dims(p_next_states), array_dims(p_actions)) IS DISTINCT FROM (
           '[1:' || nullif(received * width, 0) || ']', '[1:' || nullif(received * width, 0) || ']',
           '[1:' || nullif(received * buffer.action_width, 0) || ']') THEN
        RAISE EXCEPTION 'replay buffer % takes states of % numbers and actions of %: % timestamps, % numbers in states, '
                        '% in next_states and % in actions do not make experiences', quote_literal(buffer.name), width,
            buffer.action_width, received, cardinality(p_states), cardinality(p_next_states), cardinality(p_actions)
            USING ERRCODE = 'CS010';
    END IF;
    fault := experience_fault(names, buffer.action_kind, buffer.action_width, p_timestamps, p_next_timestamps, p_tiers,
                              p_states, p_actions, p_rewards, p_next_states, p_priorities, p_steps);
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'replay buffer %: %', quote_literal(buffer.name), fault USING ERRCODE = 'CS010';
    END IF;

    WITH given AS (
        SELECT v.*, p_states[(n - 1) * width + 1 : n * width] AS vector,
               p_next_states[(n - 1) * width + 1 : n * width] AS next_vector,
               CASE buffer.action_kind WHEN 'CONTINUOUS'
                    THEN p_actions[(n - 1) * buffer.action_width + 1 : n * buffer.action_width]::real[] END AS numbers
        FROM unnest(p_memory_ids, p_timestamps, p_next_timestamps, p_tiers, p_rewards, p_priorities, p_terminals,
                    p_truncations, p_episodes, p_steps, p_model_ids, p_portfolio_ids, p_trade_ids, p_regimes)
             WITH ORDINALITY AS v (id, at, next_at, tier, reward, priority, terminal, truncated, episode, step, model,
                                   portfolio, trade, regime, n)
        OFFSET 0
    ), kept AS (
        INSERT INTO experience_replay (
            memory_id, timestamp, tier, state, action, reward, next_state, priority, buffer_id, next_timestamp,
            terminal, truncated, episode, step, state_vector, action_vector, next_state_vector, model_id,
            portfolio_id, trade_id, regime)
        OVERRIDING SYSTEM VALUE
        SELECT coalesce(id, nextval(pg_get_serial_sequence('experience_replay', 'memory_id'))), at, tier,
               format(template, VARIADIC vector::text[])::jsonb,
               CASE buffer.action_kind WHEN 'DISCRETE' THEN to_jsonb(p_actions[n]::bigint) ELSE to_jsonb(numbers) END,
               reward, format(template, VARIADIC next_vector::text[])::jsonb, priority, p_buffer_id, next_at,
               terminal <> 0, truncated <> 0, episode, step, vector, numbers, next_vector, model, portfolio, trade,
               regimes[regime::integer]
        FROM given ON CONFLICT (memory_id) DO NOTHING
        RETURNING memory_id, priority, tier
    )
    INSERT INTO replay_priorities (memory_id, buffer_id, priority, tier)
    SELECT memory_id, p_buffer_id, priority, tier FROM kept;
    GET DIAGNOSTICS stored = ROW_COUNT;
    duplicate := received - stored;
    IF duplicate = 0 THEN
        RETURN;
    ELSIF p_memory_ids IS NULL OR array_position(p_memory_ids, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'replay buffer %: a number that was to be given out is taken: somebody has chosen it',
            quote_literal(buffer.name)
            USING ERRCODE = 'CS010', HINT = 'Nothing of the batch was stored; try again, the next numbers may be free.';
    END IF;
    SELECT v.id INTO wrong
    FROM unnest(p_memory_ids, p_timestamps, p_next_timestamps, p_rewards, p_terminals, p_truncations, p_episodes,
                p_steps) WITH ORDINALITY AS v (id, at, next_at, reward, terminal, truncated, episode, step, n)
    JOIN experience_replay AS e ON e.memory_id = v.id
    WHERE (e.buffer_id, e.timestamp, e.next_timestamp, e.reward, e.terminal, e.truncated, e.episode, e.step,
           e.state_vector, e.next_state_vector, e.action)
          IS DISTINCT FROM (
           p_buffer_id, v.at, v.next_at, v.reward, v.terminal <> 0, v.truncated <> 0, v.episode, v.step::integer,
           p_states[(n - 1) * width + 1 : n * width], p_next_states[(n - 1) * width + 1 : n * width],
           CASE buffer.action_kind WHEN 'DISCRETE' THEN to_jsonb(p_actions[n]::bigint) ELSE to_jsonb(
               p_actions[(n - 1) * buffer.action_width + 1 : n * buffer.action_width]::real[]) END)
    ORDER BY n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'replay buffer %: experience % is there with another content', quote_literal(buffer.name), wrong
            USING ERRCODE = 'CS010', HINT = 'Nothing of the batch was stored.';
    END IF;
END
$$;
