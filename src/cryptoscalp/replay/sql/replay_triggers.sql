-- replay_triggers
CREATE OR REPLACE TRIGGER experiences_stay BEFORE UPDATE OF
    memory_id, timestamp, state, action, reward, next_state, buffer_id, next_timestamp, terminal, truncated, episode,
    step, state_vector, action_vector, next_state_vector, model_id, portfolio_id, trade_id, regime, recorded_at,
    recorded_xid
    OR TRUNCATE ON experience_replay FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER replay_ours_only BEFORE INSERT ON experience_replay
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER replay_ours_only BEFORE INSERT ON replay_priorities
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER replay_ours_only BEFORE INSERT ON replay_buffers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER replay_ours_only BEFORE INSERT ON replay_writers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER replay_ours_only BEFORE INSERT ON replay_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER priorities_stay BEFORE UPDATE OF memory_id, buffer_id OR TRUNCATE ON replay_priorities
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER form_stays BEFORE UPDATE OF buffer_id, feature_set_id, action_kind, action_width
    ON replay_buffers FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER positions_stay BEFORE TRUNCATE ON replay_writers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
CREATE OR REPLACE TRIGGER changes_stay BEFORE UPDATE OR TRUNCATE ON replay_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_replay_change();
