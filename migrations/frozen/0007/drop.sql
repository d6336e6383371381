-- Drops what this revision made.
DROP FUNCTION replay_faults, sample_experiences, checkpoint_replay, change_replay, set_replay_priorities,
    record_experiences, experience_fault, state_template, advance_replay_writer, open_replay_writer, set_replay_tiers,
    create_replay_buffer, known_replay_buffer;
DROP TABLE replay_changes, replay_priorities, experience_replay, replay_writers, replay_buffers;
DROP FUNCTION refuse_replay_change;
DROP TYPE action_kind;
