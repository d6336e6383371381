CREATE TYPE limit_metric AS ENUM ('GROSS_EXPOSURE', 'NET_EXPOSURE', 'LEVERAGE', 'DAILY_LOSS', 'DRAWDOWN', 'VAR', 'EXPECTED_SHORTFALL', 'CONCENTRATION', 'STALE_DATA');

CREATE TYPE limit_action AS ENUM ('ALERT', 'HALT');

CREATE TYPE breach_state AS ENUM ('BREACHED', 'CLEARING', 'UNKNOWN', 'CLOSED');

CREATE TYPE breach_end AS ENUM ('CLEARED', 'LIMIT_ENDED', 'PORTFOLIO_CLOSED');

CREATE TYPE switch_change AS ENUM ('HALTED', 'RESUMED');

CREATE TYPE risk_alert_kind AS ENUM ('BREACH_OPENED', 'BREACH_RAISED', 'BREACH_CLOSED', 'HALTED', 'RESUMED');

CREATE TABLE risk_limits (
    limit_id BIGINT GENERATED ALWAYS AS IDENTITY,
    portfolio_id BIGINT,
    strategy_id BIGINT,
    symbol symbol,
    exchange exchange_id,
    metric limit_metric NOT NULL,
    medium_at amount,
    high_at amount,
    critical_at amount,
    clear_ratio NUMERIC DEFAULT '0.9' NOT NULL,
    clear_after INTERVAL DEFAULT interval '5 minutes' NOT NULL,
    action limit_action DEFAULT 'ALERT' NOT NULL,
    unknown_action limit_action DEFAULT 'ALERT' NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    declared_by TEXT NOT NULL,
    ended_by TEXT,
    note TEXT,
    CONSTRAINT risk_limits_pkey PRIMARY KEY (limit_id),
    CONSTRAINT fk_risk_limits_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_risk_limits_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT fk_risk_limits_exchanges FOREIGN KEY(exchange) REFERENCES exchanges (exchange_id) ON DELETE RESTRICT,
    CONSTRAINT fk_risk_limits_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT chk_limit_thresholds CHECK (coalesce(medium_at, high_at, critical_at) IS NOT NULL AND least(medium_at, high_at, critical_at) > 0 AND (medium_at >= high_at) IS NOT TRUE AND (medium_at >= critical_at) IS NOT TRUE AND (high_at >= critical_at) IS NOT TRUE),
    CONSTRAINT chk_limit_reachable CHECK (metric <> 'DRAWDOWN' OR greatest(medium_at, high_at, critical_at) <= 1),
    CONSTRAINT chk_limit_clears CHECK (clear_ratio > 0 AND clear_ratio <= 1 AND clear_after >= interval '0' AND clear_after <= interval '30 days'),
    CONSTRAINT chk_limit_halts CHECK (action <> 'HALT' OR critical_at IS NOT NULL),
    CONSTRAINT chk_limit_scope CHECK ((symbol IS NULL OR exchange IS NOT NULL) AND (metric NOT IN ('LEVERAGE', 'DAILY_LOSS', 'DRAWDOWN', 'VAR', 'EXPECTED_SHORTFALL') OR (strategy_id IS NULL AND exchange IS NULL))),
    CONSTRAINT chk_limit_valid CHECK (valid_until IS NULL OR valid_until >= valid_from)
);

CREATE UNIQUE INDEX risk_limits_current_idx ON risk_limits (portfolio_id, strategy_id, symbol, exchange, metric) NULLS NOT DISTINCT WHERE valid_until IS NULL;

COMMENT ON TABLE risk_limits IS 'Declared limits with their history: a change ends the row and makes another one.';

COMMENT ON COLUMN risk_limits.limit_id IS 'its number';

COMMENT ON COLUMN risk_limits.portfolio_id IS 'whose limit it is; NULL: of each open portfolio by itself';

COMMENT ON COLUMN risk_limits.strategy_id IS 'only what this strategy holds; NULL for all';

COMMENT ON COLUMN risk_limits.symbol IS 'only this instrument; NULL for all';

COMMENT ON COLUMN risk_limits.exchange IS 'only this market; NULL for all';

COMMENT ON COLUMN risk_limits.metric IS 'what is limited; exposures, DAILY_LOSS, VAR and EXPECTED_SHORTFALL in the portfolio''s base currency, STALE_DATA in seconds, the others are ratios';

COMMENT ON COLUMN risk_limits.medium_at IS 'from here on the level is MEDIUM';

COMMENT ON COLUMN risk_limits.high_at IS 'from here on it is HIGH';

COMMENT ON COLUMN risk_limits.critical_at IS 'from here on it is CRITICAL';

COMMENT ON COLUMN risk_limits.clear_ratio IS 'a breach ends below this share of the lowest threshold';

COMMENT ON COLUMN risk_limits.clear_after IS 'once the value has stayed there for so long';

COMMENT ON COLUMN risk_limits.action IS 'HALT: the portfolio stops trading when the level becomes CRITICAL';

COMMENT ON COLUMN risk_limits.unknown_action IS 'HALT: it stops when the value cannot be known';

COMMENT ON COLUMN risk_limits.valid_from IS 'since when it holds';

COMMENT ON COLUMN risk_limits.valid_until IS 'until when; NULL until it is replaced or removed';

COMMENT ON COLUMN risk_limits.declared_by IS 'login that declared it';

COMMENT ON COLUMN risk_limits.ended_by IS 'login that replaced or removed it';

COMMENT ON COLUMN risk_limits.note IS 'the caller''s own';

CREATE TABLE limit_breaches (
    breach_id BIGINT GENERATED ALWAYS AS IDENTITY,
    limit_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state breach_state NOT NULL,
    level risk_level,
    threshold amount,
    opening_value NUMERIC,
    peak_value NUMERIC,
    last_value NUMERIC,
    reason TEXT,
    times_seen BIGINT NOT NULL,
    times_unknown BIGINT NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    calm_since TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    close_cause breach_end,
    CONSTRAINT limit_breaches_pkey PRIMARY KEY (breach_id),
    CONSTRAINT fk_limit_breaches_risk_limits FOREIGN KEY(limit_id) REFERENCES risk_limits (limit_id) ON DELETE RESTRICT,
    CONSTRAINT fk_limit_breaches_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT chk_breach_closed CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (close_cause IS NULL)),
    CONSTRAINT chk_breach_level CHECK ((level IS NULL) = (threshold IS NULL) AND (level IS NULL OR peak_value >= threshold)),
    CONSTRAINT chk_breach_values CHECK (opening_value <> 'NaN' AND peak_value <> 'NaN' AND last_value <> 'NaN'),
    CONSTRAINT chk_breach_counts CHECK (times_seen >= 0 AND times_unknown >= 0 AND times_seen + times_unknown > 0 AND checked_at >= opened_at AND closed_at >= opened_at)
);

CREATE INDEX limit_breaches_limit_id_idx ON limit_breaches (limit_id, portfolio_id, breach_id);

CREATE INDEX limit_breaches_portfolio_id_idx ON limit_breaches (portfolio_id, opened_at);

CREATE UNIQUE INDEX limit_breaches_open_idx ON limit_breaches (limit_id, portfolio_id) WHERE closed_at IS NULL;

COMMENT ON TABLE limit_breaches IS 'Breaches of limits, each recorded once: one open row a limit and portfolio.';

COMMENT ON COLUMN limit_breaches.breach_id IS 'its number';

COMMENT ON COLUMN limit_breaches.limit_id IS 'limit that is not kept to';

COMMENT ON COLUMN limit_breaches.portfolio_id IS 'portfolio that does not';

COMMENT ON COLUMN limit_breaches.opened_at IS 'time of the check that opened it';

COMMENT ON COLUMN limit_breaches.state IS 'at the last check. BREACHED: at or above a threshold; CLEARING: below all; UNKNOWN: the value could not be known';

COMMENT ON COLUMN limit_breaches.level IS 'highest level reached; NULL while no value was at a threshold';

COMMENT ON COLUMN limit_breaches.threshold IS 'threshold of that level';

COMMENT ON COLUMN limit_breaches.opening_value IS 'value that opened it, in the metric''s unit; NULL: unknown';

COMMENT ON COLUMN limit_breaches.peak_value IS 'highest value seen; NULL: none was known';

COMMENT ON COLUMN limit_breaches.last_value IS 'value of the last check; NULL: unknown';

COMMENT ON COLUMN limit_breaches.reason IS 'why the value was unknown, the last time that it was';

COMMENT ON COLUMN limit_breaches.times_seen IS 'checks that found it at or above a threshold';

COMMENT ON COLUMN limit_breaches.times_unknown IS 'checks that found it unknown';

COMMENT ON COLUMN limit_breaches.checked_at IS 'time of the last check';

COMMENT ON COLUMN limit_breaches.calm_since IS 'since when the value is low enough to end it';

COMMENT ON COLUMN limit_breaches.closed_at IS 'when it ended; NULL while it stands';

COMMENT ON COLUMN limit_breaches.close_cause IS 'why it ended';

CREATE TABLE kill_switches (
    switch_id BIGINT GENERATED ALWAYS AS IDENTITY,
    portfolio_id BIGINT,
    halted BOOLEAN DEFAULT 'false' NOT NULL,
    reason TEXT,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by TEXT NOT NULL,
    breach_id BIGINT,
    CONSTRAINT kill_switches_pkey PRIMARY KEY (switch_id),
    CONSTRAINT fk_kill_switches_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_kill_switches_limit_breaches FOREIGN KEY(breach_id) REFERENCES limit_breaches (breach_id) ON DELETE RESTRICT,
    CONSTRAINT kill_switches_portfolio_id_key UNIQUE NULLS NOT DISTINCT (portfolio_id),
    CONSTRAINT chk_switch_reason CHECK (NOT halted OR reason IS NOT NULL)
);

COMMENT ON TABLE kill_switches IS 'One switch a portfolio and one for all. A switch that is missing stops trading.';

COMMENT ON COLUMN kill_switches.switch_id IS 'its number';

COMMENT ON COLUMN kill_switches.portfolio_id IS 'portfolio that it stops; NULL: all of them';

COMMENT ON COLUMN kill_switches.halted IS 'whether trading is stopped';

COMMENT ON COLUMN kill_switches.reason IS 'why it is stopped, or why it was let go on';

COMMENT ON COLUMN kill_switches.changed_at IS 'since when it is so';

COMMENT ON COLUMN kill_switches.changed_by IS 'login that changed it';

COMMENT ON COLUMN kill_switches.breach_id IS 'breach that stopped it, if one did';

CREATE TABLE kill_switch_events (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    portfolio_id BIGINT,
    event switch_change NOT NULL,
    reason TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    breach_id BIGINT,
    CONSTRAINT kill_switch_events_pkey PRIMARY KEY (event_id),
    CONSTRAINT fk_kill_switch_events_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_kill_switch_events_limit_breaches FOREIGN KEY(breach_id) REFERENCES limit_breaches (breach_id) ON DELETE RESTRICT
);

CREATE INDEX kill_switch_events_timestamp_idx ON kill_switch_events (timestamp);

COMMENT ON TABLE kill_switch_events IS 'Every halt and every resume, append-only.';

COMMENT ON COLUMN kill_switch_events.event_id IS 'its number';

COMMENT ON COLUMN kill_switch_events.timestamp IS 'when it was done';

COMMENT ON COLUMN kill_switch_events.portfolio_id IS 'portfolio; NULL: all of them';

COMMENT ON COLUMN kill_switch_events.event IS 'what was done';

COMMENT ON COLUMN kill_switch_events.reason IS 'why';

COMMENT ON COLUMN kill_switch_events.changed_by IS 'login that did it';

COMMENT ON COLUMN kill_switch_events.breach_id IS 'breach that did it, if one did';

CREATE TABLE risk_alerts (
    alert_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    kind risk_alert_kind NOT NULL,
    portfolio_id BIGINT,
    level risk_level,
    breach_id BIGINT,
    message TEXT NOT NULL,
    payload JSONB NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT risk_alerts_pkey PRIMARY KEY (alert_id),
    CONSTRAINT fk_risk_alerts_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_risk_alerts_limit_breaches FOREIGN KEY(breach_id) REFERENCES limit_breaches (breach_id) ON DELETE RESTRICT
);

CREATE INDEX risk_alerts_timestamp_idx ON risk_alerts (timestamp);

COMMENT ON TABLE risk_alerts IS 'What is to be told to people and programs, append-only; written with what it tells.';

COMMENT ON COLUMN risk_alerts.alert_id IS 'its number, in the order of commit';

COMMENT ON COLUMN risk_alerts.timestamp IS 'when what it tells of happened';

COMMENT ON COLUMN risk_alerts.kind IS 'what happened';

COMMENT ON COLUMN risk_alerts.portfolio_id IS 'portfolio; NULL: all of them';

COMMENT ON COLUMN risk_alerts.level IS 'level of the breach, if it has one';

COMMENT ON COLUMN risk_alerts.breach_id IS 'breach that it tells of, if any';

COMMENT ON COLUMN risk_alerts.message IS 'it in a sentence';

COMMENT ON COLUMN risk_alerts.payload IS 'it for programs';

COMMENT ON COLUMN risk_alerts.recorded_at IS 'when this row was written';

CREATE TABLE risk_alert_deliveries (
    alert_id BIGINT NOT NULL,
    sink TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE,
    next_at TIMESTAMP WITH TIME ZONE,
    error TEXT,
    CONSTRAINT risk_alert_deliveries_pkey PRIMARY KEY (alert_id, sink),
    CONSTRAINT fk_risk_alert_deliveries_risk_alerts FOREIGN KEY(alert_id) REFERENCES risk_alerts (alert_id) ON DELETE RESTRICT,
    CONSTRAINT chk_delivery CHECK (attempts > 0 AND (delivered_at IS NULL) = (next_at IS NOT NULL))
);

COMMENT ON TABLE risk_alert_deliveries IS 'How far each alert has come to each receiver.';

COMMENT ON COLUMN risk_alert_deliveries.alert_id IS 'alert';

COMMENT ON COLUMN risk_alert_deliveries.sink IS 'where to: log, or a webhook''s host with a hash of its address';

COMMENT ON COLUMN risk_alert_deliveries.attempts IS 'how often it was tried';

COMMENT ON COLUMN risk_alert_deliveries.delivered_at IS 'when it arrived; NULL while it has not';

COMMENT ON COLUMN risk_alert_deliveries.next_at IS 'not tried again before; NULL once it has arrived';

COMMENT ON COLUMN risk_alert_deliveries.error IS 'why the last try failed';
