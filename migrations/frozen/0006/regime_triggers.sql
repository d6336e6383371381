-- regime_triggers
CREATE OR REPLACE TRIGGER registry_ours_only BEFORE INSERT ON market_regimes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_registry_entry();
CREATE OR REPLACE TRIGGER regimes_append_only BEFORE UPDATE OR DELETE ON market_regimes
    FOR EACH ROW EXECUTE FUNCTION refuse_regime_change();
CREATE OR REPLACE TRIGGER regimes_stay BEFORE TRUNCATE ON market_regimes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_regime_change();
CREATE OR REPLACE TRIGGER regime_states_forward BEFORE INSERT OR UPDATE OR DELETE ON regime_states
    FOR EACH ROW EXECUTE FUNCTION guard_regime_state();
CREATE OR REPLACE TRIGGER regime_states_stay BEFORE TRUNCATE ON regime_states
    FOR EACH STATEMENT EXECUTE FUNCTION guard_regime_state();
