-- replay_grants
-- What the product's login may do with the replay memory: read it, and call what writes it.
SELECT ours_alone();
GRANT SELECT ON replay_buffers, replay_writers, experience_replay, replay_priorities, replay_changes
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    known_replay_buffer(bigint), create_replay_buffer(text, bigint, action_kind, integer, jsonb),
    set_replay_tiers(bigint, jsonb), open_replay_writer(bigint),
    advance_replay_writer(bigint, bigint, bigint, bigint), state_template(text[]),
    record_experiences(bigint, bigint[], timestamptz[], timestamptz[], bigint[], real[], double precision[],
                       double precision[], real[], double precision[], bigint[], bigint[], bigint[], bigint[],
                       bigint[], bigint[], bigint[], bigint[]),
    set_replay_priorities(bigint, bigint[], double precision[], double precision[], bigint[]),
    change_replay(bigint, bigint, bigint[], bigint[], text), checkpoint_replay(bigint),
    sample_experiences(double precision[], integer, double precision, text), replay_faults(bigint)
    TO cryptoscalp_app;
