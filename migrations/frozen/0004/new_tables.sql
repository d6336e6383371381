CREATE DOMAIN currency AS VARCHAR(32) CONSTRAINT currency_is_a_word CHECK (VALUE ~ '^\S+$');

CREATE DOMAIN amount AS NUMERIC(38, 18) CONSTRAINT amount_is_a_number CHECK (VALUE <> 'NaN'::numeric);

CREATE TYPE position_mode AS ENUM ('NETTING', 'HEDGING');

CREATE TYPE position_side AS ENUM ('LONG', 'SHORT');

CREATE TYPE position_status AS ENUM ('OPEN', 'CLOSED', 'PARTIAL');

CREATE TYPE liquidity AS ENUM ('MAKER', 'TAKER');

CREATE TYPE trade_kind AS ENUM ('FILL', 'ADJUSTMENT', 'REVERSAL');

CREATE TYPE cash_kind AS ENUM ('DEPOSIT', 'WITHDRAWAL', 'TRADE', 'REALIZED_PNL', 'FEE', 'FUNDING', 'ADJUSTMENT');

CREATE TYPE order_type AS ENUM ('MARKET', 'LIMIT', 'STOP_MARKET', 'STOP_LIMIT', 'TAKE_PROFIT_MARKET', 'TAKE_PROFIT_LIMIT');

CREATE TYPE order_status AS ENUM ('DECIDED', 'SENT', 'ACKNOWLEDGED', 'PARTIALLY_FILLED', 'FILLED', 'CANCELLED', 'REJECTED');

CREATE TYPE order_event_kind AS ENUM ('DECIDED', 'SENT', 'ACKNOWLEDGED', 'FILLED', 'CANCELLED', 'REJECTED');

CREATE TYPE time_in_force AS ENUM ('GTC', 'IOC', 'FOK', 'GTX');

CREATE TYPE price_kind AS ENUM ('QUOTE', 'MID', 'LAST', 'MARK');

CREATE TABLE portfolios (
    portfolio_id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    base_currency currency NOT NULL,
    position_mode position_mode DEFAULT 'NETTING' NOT NULL,
    leverage NUMERIC DEFAULT '1' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT portfolios_pkey PRIMARY KEY (portfolio_id),
    CONSTRAINT portfolios_name_key UNIQUE (name),
    CONSTRAINT chk_portfolio_named CHECK (name <> ''),
    CONSTRAINT chk_portfolio_leverage CHECK (leverage > 0 AND leverage <> 'NaN'::numeric)
);

COMMENT ON TABLE portfolios IS 'Accounts whose positions and cash are reckoned together.';

COMMENT ON COLUMN portfolios.portfolio_id IS 'its number';

COMMENT ON COLUMN portfolios.name IS 'the caller''s name for it';

COMMENT ON COLUMN portfolios.base_currency IS 'currency that it is valued in';

COMMENT ON COLUMN portfolios.position_mode IS 'NETTING: one position an instrument, which flips; HEDGING: one a side';

COMMENT ON COLUMN portfolios.leverage IS 'of new positions: initial margin is notional / leverage';

COMMENT ON COLUMN portfolios.created_at IS 'when it was created';

COMMENT ON COLUMN portfolios.closed_at IS 'when it was retired; NULL while it trades';

CREATE TABLE strategies (
    strategy_id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    description TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT strategies_pkey PRIMARY KEY (strategy_id),
    CONSTRAINT strategies_name_key UNIQUE (name),
    CONSTRAINT chk_strategy_named CHECK (name <> '')
);

COMMENT ON TABLE strategies IS 'What decides on orders; positions of two strategies are kept apart.';

COMMENT ON COLUMN strategies.strategy_id IS 'its number';

COMMENT ON COLUMN strategies.name IS 'the caller''s name for it';

COMMENT ON COLUMN strategies.description IS 'what it does';

COMMENT ON COLUMN strategies.created_at IS 'when it was created';

COMMENT ON COLUMN strategies.retired_at IS 'when it stopped trading; NULL while it trades';

CREATE TABLE cash_balances (
    portfolio_id BIGINT NOT NULL,
    currency currency NOT NULL,
    balance amount NOT NULL,
    entries BIGINT NOT NULL,
    CONSTRAINT cash_balances_pkey PRIMARY KEY (portfolio_id, currency),
    CONSTRAINT fk_cash_balances_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT
)
 WITH (fillfactor = 50);

COMMENT ON TABLE cash_balances IS 'Balance of each currency; kept by a trigger on cash_ledger.';

COMMENT ON COLUMN cash_balances.portfolio_id IS 'portfolio whose cash it is';

COMMENT ON COLUMN cash_balances.currency IS 'currency of balance';

COMMENT ON COLUMN cash_balances.balance IS 'sum of the ledger''s amounts';

COMMENT ON COLUMN cash_balances.entries IS 'number of the ledger''s rows';

CREATE TABLE orders (
    order_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    portfolio_id BIGINT NOT NULL,
    strategy_id BIGINT,
    client_order_id TEXT NOT NULL,
    exchange_order_id TEXT,
    side trade_side NOT NULL,
    position_side position_side,
    order_type order_type NOT NULL,
    time_in_force time_in_force DEFAULT 'GTC' NOT NULL,
    quantity quantity NOT NULL,
    price price,
    stop_price price,
    reduce_only BOOLEAN DEFAULT 'false' NOT NULL,
    filled_quantity quantity DEFAULT '0' NOT NULL,
    status order_status NOT NULL,
    model_id BIGINT,
    prediction_timestamp TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (order_id),
    CONSTRAINT fk_orders_exchanges FOREIGN KEY(exchange) REFERENCES exchanges (exchange_id) ON DELETE RESTRICT,
    CONSTRAINT fk_orders_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT fk_orders_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_orders_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT orders_portfolio_id_exchange_client_order_id_key UNIQUE (portfolio_id, exchange, client_order_id),
    CONSTRAINT chk_order_quantity CHECK (quantity > 0 AND filled_quantity >= 0 AND filled_quantity <= quantity),
    CONSTRAINT chk_order_prices CHECK ((price IS NULL OR price > 0) AND (stop_price IS NULL OR stop_price > 0)),
    CONSTRAINT chk_order_limit CHECK ((price IS NULL) = (order_type IN ('MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET'))),
    CONSTRAINT chk_order_stop CHECK ((stop_price IS NULL) = (order_type IN ('MARKET', 'LIMIT'))),
    CONSTRAINT chk_order_named CHECK (client_order_id <> ''),
    CONSTRAINT chk_order_filled CHECK ((status = 'FILLED') = (filled_quantity = quantity))
)
 WITH (fillfactor = 70);

CREATE INDEX orders_portfolio_id_idx ON orders (portfolio_id, timestamp);

CREATE UNIQUE INDEX orders_exchange_order_id_idx ON orders (portfolio_id, exchange, symbol, exchange_order_id) WHERE exchange_order_id IS NOT NULL;

COMMENT ON TABLE orders IS 'Orders; the current state, which follows from order_events.';

COMMENT ON COLUMN orders.order_id IS 'its number';

COMMENT ON COLUMN orders.timestamp IS 'when it was decided';

COMMENT ON COLUMN orders.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN orders.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN orders.portfolio_id IS 'portfolio that it trades for';

COMMENT ON COLUMN orders.strategy_id IS 'strategy that decided; NULL for none';

COMMENT ON COLUMN orders.client_order_id IS 'the caller''s id, sent to the venue';

COMMENT ON COLUMN orders.exchange_order_id IS 'the venue''s id, once it is acknowledged';

COMMENT ON COLUMN orders.side IS 'BUY or SELL';

COMMENT ON COLUMN orders.position_side IS 'position that is meant, in a HEDGING account';

COMMENT ON COLUMN orders.order_type IS 'how it is to be executed';

COMMENT ON COLUMN orders.time_in_force IS 'GTX: post only';

COMMENT ON COLUMN orders.quantity IS 'size, base currency or contracts';

COMMENT ON COLUMN orders.price IS 'limit price; NULL for market orders';

COMMENT ON COLUMN orders.stop_price IS 'price that triggers it';

COMMENT ON COLUMN orders.reduce_only IS 'may only make a position smaller';

COMMENT ON COLUMN orders.filled_quantity IS 'sum of its fills';

COMMENT ON COLUMN orders.status IS 'follows from its events';

COMMENT ON COLUMN orders.model_id IS 'model version that decided';

COMMENT ON COLUMN orders.prediction_timestamp IS 'prediction that led to it, with model_id';

COMMENT ON COLUMN orders.updated_at IS 'time of its last event';

CREATE TABLE strategy_symbols (
    strategy_id BIGINT NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT strategy_symbols_pkey PRIMARY KEY (strategy_id, symbol, exchange),
    CONSTRAINT fk_strategy_symbols_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT fk_strategy_symbols_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT
);

COMMENT ON TABLE strategy_symbols IS 'Which instruments a strategy trades, many to many.';

COMMENT ON COLUMN strategy_symbols.strategy_id IS 'strategy that trades it';

COMMENT ON COLUMN strategy_symbols.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN strategy_symbols.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN strategy_symbols.added_at IS 'since when';

CREATE TABLE positions (
    position_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    side position_side NOT NULL,
    quantity quantity NOT NULL,
    entry_price price NOT NULL,
    current_price price NOT NULL,
    unrealized_pnl amount DEFAULT '0' NOT NULL,
    stop_loss price,
    take_profit price,
    status position_status DEFAULT 'OPEN' NOT NULL,
    portfolio_id BIGINT NOT NULL,
    strategy_id BIGINT,
    hedge_side position_side,
    closed_quantity quantity DEFAULT '0' NOT NULL,
    open_quantity quantity NOT NULL,
    cost_basis amount NOT NULL,
    exit_value amount DEFAULT '0' NOT NULL,
    exit_price price,
    realized_pnl amount DEFAULT '0' NOT NULL,
    funding amount DEFAULT '0' NOT NULL,
    pnl_currency currency NOT NULL,
    inverse BOOLEAN DEFAULT 'false' NOT NULL,
    contract_multiplier NUMERIC DEFAULT '1' NOT NULL,
    margined BOOLEAN NOT NULL,
    leverage NUMERIC DEFAULT '1' NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    marked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT positions_pkey PRIMARY KEY (position_id),
    CONSTRAINT fk_positions_exchanges FOREIGN KEY(exchange) REFERENCES exchanges (exchange_id) ON DELETE RESTRICT,
    CONSTRAINT fk_positions_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT fk_positions_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_positions_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT chk_position_quantity CHECK (quantity > 0 AND closed_quantity >= 0 AND closed_quantity <= quantity AND open_quantity = quantity - closed_quantity),
    CONSTRAINT chk_position_prices CHECK (entry_price > 0 AND current_price > 0 AND contract_multiplier > 0 AND leverage > 0 AND cost_basis >= 0 AND (exit_price IS NULL OR exit_price > 0) AND (stop_loss IS NULL OR stop_loss > 0) AND (take_profit IS NULL OR take_profit > 0)),
    CONSTRAINT chk_position_status CHECK ((status = 'OPEN') = (closed_quantity = 0) AND (status = 'CLOSED') = (closed_quantity = quantity) AND (status = 'CLOSED') = (closed_at IS NOT NULL) AND (status <> 'CLOSED' OR cost_basis = 0) AND (hedge_side IS NULL OR hedge_side = side))
)
 WITH (fillfactor = 50);

CREATE INDEX active_positions_idx ON positions (portfolio_id, symbol, exchange) WHERE status IN ('OPEN', 'PARTIAL');

CREATE INDEX positions_portfolio_id_idx ON positions (portfolio_id, opened_at);

CREATE INDEX positions_symbol_status_idx ON positions (symbol, status);

CREATE UNIQUE INDEX positions_one_open_idx ON positions (portfolio_id, strategy_id, symbol, exchange, hedge_side) NULLS NOT DISTINCT WHERE status IN ('OPEN', 'PARTIAL');

COMMENT ON TABLE positions IS 'Positions, one row a cycle. Written by record_fill() only; marks and stops may be updated.';

COMMENT ON COLUMN positions.position_id IS 'its number';

COMMENT ON COLUMN positions.timestamp IS 'time of the last fill that changed it';

COMMENT ON COLUMN positions.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN positions.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN positions.side IS 'LONG or SHORT';

COMMENT ON COLUMN positions.quantity IS 'total entered in this cycle, base currency or contracts';

COMMENT ON COLUMN positions.entry_price IS 'average price of what is open; the last one, once it is closed';

COMMENT ON COLUMN positions.current_price IS 'price that it was last marked with';

COMMENT ON COLUMN positions.unrealized_pnl IS 'of what is open at current_price, in pnl_currency; by a trigger';

COMMENT ON COLUMN positions.stop_loss IS 'price at which to give up';

COMMENT ON COLUMN positions.take_profit IS 'price at which to take the profit';

COMMENT ON COLUMN positions.status IS 'PARTIAL once something of it was closed';

COMMENT ON COLUMN positions.portfolio_id IS 'portfolio that holds it';

COMMENT ON COLUMN positions.strategy_id IS 'strategy that opened it; NULL for none';

COMMENT ON COLUMN positions.hedge_side IS 'its side in a HEDGING portfolio, NULL in a NETTING one';

COMMENT ON COLUMN positions.closed_quantity IS 'of quantity, closed again';

COMMENT ON COLUMN positions.open_quantity IS 'of quantity, still open; by a trigger';

COMMENT ON COLUMN positions.cost_basis IS 'what the open quantity was entered at, exactly, in pnl_currency';

COMMENT ON COLUMN positions.exit_value IS 'what was closed, at the prices it was closed at, in pnl_currency';

COMMENT ON COLUMN positions.exit_price IS 'average price of what was closed';

COMMENT ON COLUMN positions.realized_pnl IS 'of what was closed, before commission and funding, in pnl_currency';

COMMENT ON COLUMN positions.funding IS 'payments received (above zero) or made, in pnl_currency';

COMMENT ON COLUMN positions.pnl_currency IS 'settlement currency; of a spot pair its quote currency';

COMMENT ON COLUMN positions.inverse IS 'settled in the base currency; terms as they were when it opened';

COMMENT ON COLUMN positions.contract_multiplier IS 'base units (linear) or quote units (inverse) a contract';

COMMENT ON COLUMN positions.margined IS 'a derivative; false for spot';

COMMENT ON COLUMN positions.leverage IS 'initial margin is notional / leverage';

COMMENT ON COLUMN positions.opened_at IS 'time of the fill that opened it';

COMMENT ON COLUMN positions.closed_at IS 'time of the fill that closed it';

COMMENT ON COLUMN positions.marked_at IS 'time of the price it was last marked with';

CREATE TABLE funding_payments (
    funding_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    portfolio_id BIGINT NOT NULL,
    strategy_id BIGINT,
    position_side position_side,
    position_id BIGINT,
    funding_rate quantity,
    mark_price price,
    quantity quantity,
    amount amount NOT NULL,
    currency currency NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT funding_payments_pkey PRIMARY KEY (funding_id),
    CONSTRAINT fk_funding_payments_exchanges FOREIGN KEY(exchange) REFERENCES exchanges (exchange_id) ON DELETE RESTRICT,
    CONSTRAINT fk_funding_payments_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT fk_funding_payments_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_funding_payments_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT fk_funding_payments_positions FOREIGN KEY(position_id) REFERENCES positions (position_id) ON DELETE RESTRICT,
    CONSTRAINT chk_funding_amount CHECK (amount <> 0)
);

CREATE INDEX funding_payments_position_id_idx ON funding_payments (position_id) WHERE position_id IS NOT NULL;

CREATE UNIQUE INDEX funding_payments_once_idx ON funding_payments (portfolio_id, strategy_id, symbol, exchange, position_side, timestamp) NULLS NOT DISTINCT;

COMMENT ON TABLE funding_payments IS 'Funding paid and received for perpetual contracts, append-only.';

COMMENT ON COLUMN funding_payments.funding_id IS 'its number';

COMMENT ON COLUMN funding_payments.timestamp IS 'funding time';

COMMENT ON COLUMN funding_payments.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN funding_payments.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN funding_payments.portfolio_id IS 'portfolio that paid or received';

COMMENT ON COLUMN funding_payments.strategy_id IS 'strategy of the position; NULL for none';

COMMENT ON COLUMN funding_payments.position_side IS 'side meant, in a HEDGING portfolio';

COMMENT ON COLUMN funding_payments.position_id IS 'position that it was paid for, where one is known';

COMMENT ON COLUMN funding_payments.funding_rate IS 'fraction of notional; longs pay where it is above zero';

COMMENT ON COLUMN funding_payments.mark_price IS 'price that notional was reckoned with';

COMMENT ON COLUMN funding_payments.quantity IS 'open quantity that it was reckoned on';

COMMENT ON COLUMN funding_payments.amount IS 'received (above zero) or paid, in currency';

COMMENT ON COLUMN funding_payments.currency IS 'settlement currency';

COMMENT ON COLUMN funding_payments.recorded_at IS 'when this row was written';

CREATE TABLE trades (
    trade_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    side trade_side NOT NULL,
    quantity quantity NOT NULL,
    price price NOT NULL,
    commission amount DEFAULT '0' NOT NULL,
    pnl amount DEFAULT '0' NOT NULL,
    portfolio_id BIGINT NOT NULL,
    strategy_id BIGINT,
    order_id BIGINT,
    kind trade_kind DEFAULT 'FILL' NOT NULL,
    exchange_trade_id TEXT,
    revision INTEGER DEFAULT '0' NOT NULL,
    reverses_trade_id BIGINT,
    exchange_order_id TEXT,
    liquidity liquidity,
    notional amount NOT NULL,
    pnl_currency currency NOT NULL,
    commission_currency currency,
    commission_rate price,
    commission_value amount DEFAULT '0' NOT NULL,
    base_rate price NOT NULL,
    closes_position_id BIGINT,
    closed_quantity quantity NOT NULL,
    closed_cost amount DEFAULT '0' NOT NULL,
    closed_value amount DEFAULT '0' NOT NULL,
    opens_position_id BIGINT,
    opened_quantity quantity NOT NULL,
    opened_cost amount DEFAULT '0' NOT NULL,
    model_id BIGINT,
    note TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT trades_pkey PRIMARY KEY (trade_id),
    CONSTRAINT fk_trades_exchanges FOREIGN KEY(exchange) REFERENCES exchanges (exchange_id) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_instruments FOREIGN KEY(symbol, exchange) REFERENCES instruments (symbol, exchange) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (strategy_id) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_orders FOREIGN KEY(order_id) REFERENCES orders (order_id) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_trades FOREIGN KEY(reverses_trade_id) REFERENCES trades (trade_id) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_closes_position FOREIGN KEY(closes_position_id) REFERENCES positions (position_id) ON DELETE RESTRICT,
    CONSTRAINT fk_trades_opens_position FOREIGN KEY(opens_position_id) REFERENCES positions (position_id) ON DELETE RESTRICT,
    CONSTRAINT chk_trade_amounts CHECK (quantity > 0 AND price > 0 AND notional > 0 AND base_rate > 0 AND (commission = 0 OR (commission_currency IS NOT NULL AND commission_rate IS NOT NULL))),
    CONSTRAINT chk_trade_effect CHECK ((kind = 'REVERSAL') = (reverses_trade_id IS NOT NULL) AND (kind = 'REVERSAL') = (exchange_trade_id IS NULL) AND closed_quantity >= 0 AND opened_quantity >= 0 AND closed_quantity + opened_quantity > 0 AND (closes_position_id IS NULL) = (closed_quantity = 0) AND (opens_position_id IS NULL) = (opened_quantity = 0))
);

CREATE INDEX trades_closes_position_id_idx ON trades (closes_position_id) WHERE closes_position_id IS NOT NULL;

CREATE INDEX trades_opens_position_id_idx ON trades (opens_position_id) WHERE opens_position_id IS NOT NULL;

CREATE INDEX trades_order_id_idx ON trades (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX trades_portfolio_symbol_timestamp_idx ON trades (portfolio_id, symbol, timestamp);

CREATE INDEX trades_symbol_timestamp_idx ON trades USING brin (symbol, timestamp);

CREATE UNIQUE INDEX trades_reverses_trade_id_idx ON trades (reverses_trade_id) WHERE reverses_trade_id IS NOT NULL;

CREATE UNIQUE INDEX trades_venue_id_idx ON trades (portfolio_id, exchange, symbol, exchange_trade_id, side, revision) WHERE kind <> 'REVERSAL';

COMMENT ON TABLE trades IS 'The account''s fills, append-only; one row a fill, also where it flips a position.';

COMMENT ON COLUMN trades.trade_id IS 'its number; of one instrument in a portfolio, the order of booking';

COMMENT ON COLUMN trades.timestamp IS 'execution time by the exchange';

COMMENT ON COLUMN trades.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN trades.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN trades.side IS 'what the account did';

COMMENT ON COLUMN trades.quantity IS 'executed size, base currency or contracts';

COMMENT ON COLUMN trades.price IS 'execution price, quote currency';

COMMENT ON COLUMN trades.commission IS 'fee in commission_currency; below zero for a rebate';

COMMENT ON COLUMN trades.pnl IS 'realized by what it closed, before commission, in pnl_currency';

COMMENT ON COLUMN trades.portfolio_id IS 'portfolio that it belongs to';

COMMENT ON COLUMN trades.strategy_id IS 'strategy that it belongs to; NULL for none';

COMMENT ON COLUMN trades.order_id IS 'order that it fills, where the books know it';

COMMENT ON COLUMN trades.kind IS 'ADJUSTMENT: booked to agree with the venue; REVERSAL: takes another one back';

COMMENT ON COLUMN trades.exchange_trade_id IS 'the venue''s id; NULL for a REVERSAL';

COMMENT ON COLUMN trades.revision IS 'counts the fills booked under one id after the earlier ones were reversed';

COMMENT ON COLUMN trades.reverses_trade_id IS 'the trade that a REVERSAL takes back';

COMMENT ON COLUMN trades.exchange_order_id IS 'the venue''s order id, where the fill says it';

COMMENT ON COLUMN trades.liquidity IS 'MAKER or TAKER; NULL where not said';

COMMENT ON COLUMN trades.notional IS 'quantity at price, in pnl_currency, rounded once';

COMMENT ON COLUMN trades.pnl_currency IS 'settlement currency; of a spot pair its quote currency';

COMMENT ON COLUMN trades.commission_currency IS 'currency of the fee; NULL without one';

COMMENT ON COLUMN trades.commission_rate IS 'pnl_currency a unit of commission_currency';

COMMENT ON COLUMN trades.commission_value IS 'commission in pnl_currency';

COMMENT ON COLUMN trades.base_rate IS 'units of the portfolio''s base currency a unit of pnl_currency, then';

COMMENT ON COLUMN trades.closes_position_id IS 'position that it reduces or closes';

COMMENT ON COLUMN trades.closed_quantity IS 'how much of it';

COMMENT ON COLUMN trades.closed_cost IS 'cost basis that leaves it';

COMMENT ON COLUMN trades.closed_value IS 'the closed part at this trade''s price';

COMMENT ON COLUMN trades.opens_position_id IS 'position that it opens or increases';

COMMENT ON COLUMN trades.opened_quantity IS 'by how much';

COMMENT ON COLUMN trades.opened_cost IS 'cost basis that enters it';

COMMENT ON COLUMN trades.model_id IS 'model version that decided';

COMMENT ON COLUMN trades.note IS 'why, for adjustments and reversals';

COMMENT ON COLUMN trades.recorded_at IS 'when this row was written';

CREATE TABLE cash_ledger (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    portfolio_id BIGINT NOT NULL,
    currency currency NOT NULL,
    amount amount NOT NULL,
    kind cash_kind NOT NULL,
    rate price NOT NULL,
    conversion_path TEXT NOT NULL,
    base_amount amount NOT NULL,
    reference TEXT,
    trade_id BIGINT,
    funding_id BIGINT,
    note TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT cash_ledger_pkey PRIMARY KEY (entry_id),
    CONSTRAINT fk_cash_ledger_portfolios FOREIGN KEY(portfolio_id) REFERENCES portfolios (portfolio_id) ON DELETE RESTRICT,
    CONSTRAINT fk_cash_ledger_trades FOREIGN KEY(trade_id) REFERENCES trades (trade_id) ON DELETE RESTRICT,
    CONSTRAINT fk_cash_ledger_funding_payments FOREIGN KEY(funding_id) REFERENCES funding_payments (funding_id) ON DELETE RESTRICT,
    CONSTRAINT chk_cash_entry CHECK (amount <> 0 AND rate > 0 AND (kind <> 'DEPOSIT' OR amount > 0) AND (kind <> 'WITHDRAWAL' OR amount < 0) AND (kind IN ('TRADE', 'REALIZED_PNL', 'FEE')) = (trade_id IS NOT NULL) AND (kind = 'FUNDING') = (funding_id IS NOT NULL) AND (kind IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT')) = (reference IS NOT NULL))
);

CREATE INDEX cash_ledger_balance_idx ON cash_ledger (portfolio_id, currency, timestamp) INCLUDE (amount);

CREATE INDEX cash_ledger_trade_id_idx ON cash_ledger (trade_id) WHERE trade_id IS NOT NULL;

CREATE UNIQUE INDEX cash_ledger_funding_id_idx ON cash_ledger (funding_id) WHERE funding_id IS NOT NULL;

CREATE UNIQUE INDEX cash_ledger_reference_idx ON cash_ledger (portfolio_id, kind, reference) WHERE reference IS NOT NULL;

COMMENT ON TABLE cash_ledger IS 'Every movement of cash, append-only; a spot fill moves two currencies.';

COMMENT ON COLUMN cash_ledger.entry_id IS 'its number';

COMMENT ON COLUMN cash_ledger.timestamp IS 'when it happened';

COMMENT ON COLUMN cash_ledger.portfolio_id IS 'portfolio whose cash it is';

COMMENT ON COLUMN cash_ledger.currency IS 'currency of amount';

COMMENT ON COLUMN cash_ledger.amount IS 'what came in (above zero) or went out';

COMMENT ON COLUMN cash_ledger.kind IS 'what it is; TRADE: a leg of a spot fill';

COMMENT ON COLUMN cash_ledger.rate IS 'units of the portfolio''s base currency a unit of currency, at that time';

COMMENT ON COLUMN cash_ledger.conversion_path IS 'where the rate is from';

COMMENT ON COLUMN cash_ledger.base_amount IS 'amount in the portfolio''s base currency, rounded once';

COMMENT ON COLUMN cash_ledger.reference IS 'the caller''s id of a transfer or adjustment';

COMMENT ON COLUMN cash_ledger.trade_id IS 'the fill that it belongs to';

COMMENT ON COLUMN cash_ledger.funding_id IS 'the funding payment that it is';

COMMENT ON COLUMN cash_ledger.note IS 'why, for adjustments';

COMMENT ON COLUMN cash_ledger.recorded_at IS 'when this row was written';

CREATE TABLE order_events (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    order_id BIGINT NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    event order_event_kind NOT NULL,
    trade_id BIGINT,
    detail TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT order_events_pkey PRIMARY KEY (event_id),
    CONSTRAINT fk_order_events_orders FOREIGN KEY(order_id) REFERENCES orders (order_id) ON DELETE RESTRICT,
    CONSTRAINT fk_order_events_trades FOREIGN KEY(trade_id) REFERENCES trades (trade_id) ON DELETE RESTRICT,
    CONSTRAINT chk_event_trade CHECK ((event = 'FILLED') = (trade_id IS NOT NULL))
);

CREATE UNIQUE INDEX order_events_once_idx ON order_events (order_id, event, trade_id) NULLS NOT DISTINCT;

COMMENT ON TABLE order_events IS 'What happened to an order, append-only.';

COMMENT ON COLUMN order_events.event_id IS 'its number';

COMMENT ON COLUMN order_events.order_id IS 'order that it happened to';

COMMENT ON COLUMN order_events.timestamp IS 'when it happened';

COMMENT ON COLUMN order_events.event IS 'what happened';

COMMENT ON COLUMN order_events.trade_id IS 'the fill, for FILLED';

COMMENT ON COLUMN order_events.detail IS 'reason, or the venue''s order id';

COMMENT ON COLUMN order_events.recorded_at IS 'when this row was written';

