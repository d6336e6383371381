CREATE DOMAIN symbol AS VARCHAR(64) CONSTRAINT symbol_not_empty CHECK (VALUE <> '');

CREATE DOMAIN exchange_id AS VARCHAR(32) CONSTRAINT exchange_id_not_empty CHECK (VALUE <> '');

CREATE DOMAIN price AS NUMERIC(38, 18) CONSTRAINT price_is_a_number CHECK (VALUE <> 'NaN'::numeric);

CREATE DOMAIN quantity AS NUMERIC(38, 18) CONSTRAINT quantity_is_a_number CHECK (VALUE <> 'NaN'::numeric);

CREATE TYPE trade_side AS ENUM ('BUY', 'SELL');

CREATE TYPE trade_feed AS ENUM ('trade', 'agg_trade');

CREATE TYPE quote_source AS ENUM ('ticker', 'depth', 'snapshot');

CREATE TYPE tick_stream AS ENUM ('trade', 'agg_trade', 'ticker', 'depth', 'snapshot');

CREATE TYPE candle_interval AS ENUM ('1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w');

CREATE TYPE candle_source AS ENUM ('computed', 'imported');

CREATE TYPE coverage_kind AS ENUM ('RECEIVED', 'GAP');

CREATE TYPE gap_cause AS ENUM ('sequence', 'quarantined', 'disconnected', 'silent', 'removed');

CREATE TYPE batch_status AS ENUM ('OPEN', 'COMMITTED', 'UNDONE');

CREATE TABLE candles (
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    interval candle_interval NOT NULL,
    source candle_source NOT NULL,
    open price NOT NULL,
    high price NOT NULL,
    low price NOT NULL,
    close price NOT NULL,
    volume NUMERIC NOT NULL,
    trade_count BIGINT,
    open_at TIMESTAMP WITH TIME ZONE,
    open_sequence BIGINT,
    close_at TIMESTAMP WITH TIME ZONE,
    close_sequence BIGINT,
    CONSTRAINT candles_pkey PRIMARY KEY (symbol, exchange, interval, timestamp, source),
    CONSTRAINT chk_candle_prices CHECK (low > 0 AND low <= open AND low <= close AND high >= open AND high >= close),
    CONSTRAINT chk_candle_volume CHECK (volume >= 0 AND volume <> 'NaN'::numeric AND (trade_count IS NULL OR trade_count >= 0)),
    CONSTRAINT chk_candle_computed CHECK (source = 'imported' OR (trade_count IS NOT NULL AND open_at IS NOT NULL AND open_sequence IS NOT NULL AND close_at IS NOT NULL AND close_sequence IS NOT NULL))
)
 PARTITION BY LIST (interval);

CREATE INDEX candles_timestamp_idx ON candles USING brin (timestamp);

COMMENT ON TABLE candles IS 'Open, high, low, close and volume; computed ones equal their ticks at every commit.';

COMMENT ON COLUMN candles.timestamp IS 'start of the bucket';

COMMENT ON COLUMN candles.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN candles.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN candles.interval IS 'length of the bucket';

COMMENT ON COLUMN candles.source IS 'computed from ticks, or imported';

COMMENT ON COLUMN candles.open IS 'first price';

COMMENT ON COLUMN candles.high IS 'highest price';

COMMENT ON COLUMN candles.low IS 'lowest price';

COMMENT ON COLUMN candles.close IS 'last price';

COMMENT ON COLUMN candles.volume IS 'sum of sizes';

COMMENT ON COLUMN candles.trade_count IS 'number of trades; NULL where a file has none';

COMMENT ON COLUMN candles.open_at IS 'time of the trade that gave open; NULL when imported';

COMMENT ON COLUMN candles.open_sequence IS 'and its sequence: the earliest pair wins';

COMMENT ON COLUMN candles.close_at IS 'time of the trade that gave close; NULL when imported';

COMMENT ON COLUMN candles.close_sequence IS 'and its sequence: the latest pair wins';

CREATE TABLE exchanges (
    exchange_id exchange_id NOT NULL,
    name TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT exchanges_pkey PRIMARY KEY (exchange_id)
);

COMMENT ON TABLE exchanges IS 'Markets that data comes from; registered by the first batch that names them.';

COMMENT ON COLUMN exchanges.exchange_id IS 'ccxt id of the market';

COMMENT ON COLUMN exchanges.name IS 'display name';

COMMENT ON COLUMN exchanges.created_at IS 'first registered';

CREATE TABLE instrument_revisions (
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    base TEXT,
    quote TEXT,
    settle TEXT,
    tick_size price,
    lot_size quantity,
    contract_multiplier quantity,
    inverse BOOLEAN,
    listed_at TIMESTAMP WITH TIME ZONE,
    delisted_at TIMESTAMP WITH TIME ZONE,
    renamed_to TEXT,
    CONSTRAINT instrument_revisions_pkey PRIMARY KEY (symbol, exchange, valid_from),
    CONSTRAINT chk_revision_range CHECK (valid_to IS NULL OR valid_to > valid_from)
);

COMMENT ON TABLE instrument_revisions IS 'Validity ranges of instrument terms; written by a trigger on instruments.';

COMMENT ON COLUMN instrument_revisions.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN instrument_revisions.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN instrument_revisions.valid_from IS 'these terms hold from this moment';

COMMENT ON COLUMN instrument_revisions.valid_to IS 'until this moment; NULL for the current ones';

COMMENT ON COLUMN instrument_revisions.base IS 'base currency';

COMMENT ON COLUMN instrument_revisions.quote IS 'quote currency';

COMMENT ON COLUMN instrument_revisions.settle IS 'settlement currency of a derivative';

COMMENT ON COLUMN instrument_revisions.tick_size IS 'smallest price step, quote currency';

COMMENT ON COLUMN instrument_revisions.lot_size IS 'smallest size step, base currency or contracts';

COMMENT ON COLUMN instrument_revisions.contract_multiplier IS 'base units (linear) or quote units (inverse) a contract';

COMMENT ON COLUMN instrument_revisions.inverse IS 'true where profit is paid in the base currency';

COMMENT ON COLUMN instrument_revisions.listed_at IS 'listed by the venue';

COMMENT ON COLUMN instrument_revisions.delisted_at IS 'delisted by the venue';

COMMENT ON COLUMN instrument_revisions.renamed_to IS 'the symbol that continues this one';

CREATE TABLE batches (
    batch_id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    format TEXT NOT NULL,
    status batch_status DEFAULT 'OPEN' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    received BIGINT DEFAULT '0' NOT NULL,
    stored BIGINT DEFAULT '0' NOT NULL,
    duplicate BIGINT DEFAULT '0' NOT NULL,
    quarantined BIGINT DEFAULT '0' NOT NULL,
    ignored BIGINT DEFAULT '0' NOT NULL,
    rounded BIGINT DEFAULT '0' NOT NULL,
    source_sha256 BYTEA,
    CONSTRAINT batches_pkey PRIMARY KEY (batch_id),
    CONSTRAINT chk_batch_accounted CHECK (received = stored + duplicate + quarantined + ignored)
);

COMMENT ON TABLE batches IS 'One row an import of a file, a feed session or a call; ticks carry its id.';

COMMENT ON COLUMN batches.batch_id IS 'its number';

COMMENT ON COLUMN batches.source IS 'file, feed or caller that it came from';

COMMENT ON COLUMN batches.format IS 'importer, ''arrow'' or ''simulator''';

COMMENT ON COLUMN batches.status IS 'OPEN while it runs or when it was cut off; UNDONE by import undo';

COMMENT ON COLUMN batches.started_at IS 'first transaction';

COMMENT ON COLUMN batches.finished_at IS 'last transaction';

COMMENT ON COLUMN batches.received IS 'events that came in';

COMMENT ON COLUMN batches.stored IS 'events that became ticks';

COMMENT ON COLUMN batches.duplicate IS 'events that were stored already';

COMMENT ON COLUMN batches.quarantined IS 'events refused, kept in quarantine';

COMMENT ON COLUMN batches.ignored IS 'events of kinds that have no table yet';

COMMENT ON COLUMN batches.rounded IS 'float values rounded half-even to 18 decimals';

COMMENT ON COLUMN batches.source_sha256 IS 'of the file''s bytes';

CREATE TABLE coverage (
    coverage_id BIGINT GENERATED ALWAYS AS IDENTITY,
    exchange exchange_id NOT NULL,
    symbol symbol NOT NULL,
    stream tick_stream NOT NULL,
    kind coverage_kind NOT NULL,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    first_sequence BIGINT,
    last_sequence BIGINT,
    cause gap_cause,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT coverage_pkey PRIMARY KEY (coverage_id),
    CONSTRAINT chk_coverage_range CHECK (end_time >= start_time),
    CONSTRAINT chk_coverage_cause CHECK ((kind = 'GAP') = (cause IS NOT NULL))
);

CREATE INDEX coverage_stream_idx ON coverage (symbol, exchange, stream, kind, start_time);

COMMENT ON TABLE coverage IS 'Intervals received without a hole, merged, and recorded gaps. Gaps between two RECEIVED rows are derived when read.';

COMMENT ON COLUMN coverage.coverage_id IS 'its number';

COMMENT ON COLUMN coverage.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN coverage.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN coverage.stream IS 'feed of trades or source of quotes';

COMMENT ON COLUMN coverage.kind IS 'RECEIVED: nothing is missing between start and end; GAP: something is';

COMMENT ON COLUMN coverage.start_time IS 'time of the first event, or of the last one before the gap';

COMMENT ON COLUMN coverage.end_time IS 'time of the last event, or of the first one after the gap';

COMMENT ON COLUMN coverage.first_sequence IS 'venue id at start, where ids are consecutive';

COMMENT ON COLUMN coverage.last_sequence IS 'venue id at end, where ids are consecutive';

COMMENT ON COLUMN coverage.cause IS 'why a GAP is one';

COMMENT ON COLUMN coverage.recorded_at IS 'when this row was written';

CREATE TABLE quarantine (
    record_hash BYTEA NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    times_seen INTEGER DEFAULT '1' NOT NULL,
    exchange exchange_id,
    symbol TEXT,
    stream TEXT,
    timestamp TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    source TEXT NOT NULL,
    line BIGINT,
    raw BYTEA NOT NULL,
    batch_id BIGINT,
    CONSTRAINT quarantine_pkey PRIMARY KEY (record_hash)
);

CREATE INDEX quarantine_batch_id_idx ON quarantine (batch_id);

CREATE INDEX quarantine_first_seen_at_idx ON quarantine (first_seen_at);

COMMENT ON TABLE quarantine IS 'Records that were refused, kept whole.';

COMMENT ON COLUMN quarantine.record_hash IS 'SHA-256 of stream and raw';

COMMENT ON COLUMN quarantine.first_seen_at IS 'first refused';

COMMENT ON COLUMN quarantine.last_seen_at IS 'last refused';

COMMENT ON COLUMN quarantine.times_seen IS 'how often it came';

COMMENT ON COLUMN quarantine.exchange IS 'where it could be told';

COMMENT ON COLUMN quarantine.symbol IS 'as the record writes it';

COMMENT ON COLUMN quarantine.stream IS 'feed or source, where it could be told';

COMMENT ON COLUMN quarantine.timestamp IS 'time of the event, where it could be read';

COMMENT ON COLUMN quarantine.reason IS 'why it was refused';

COMMENT ON COLUMN quarantine.detail IS 'the field and the value';

COMMENT ON COLUMN quarantine.source IS 'file or feed';

COMMENT ON COLUMN quarantine.line IS 'line or row in the source, from 1';

COMMENT ON COLUMN quarantine.raw IS 'the record, byte for byte';

COMMENT ON COLUMN quarantine.batch_id IS 'batch that refused it first';

CREATE TABLE newest_quotes (
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    bid_price NUMERIC NOT NULL,
    bid_volume NUMERIC NOT NULL,
    ask_price NUMERIC NOT NULL,
    ask_volume NUMERIC NOT NULL,
    sequence BIGINT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT newest_quotes_pkey PRIMARY KEY (symbol, exchange)
)
 WITH (fillfactor = 50);

COMMENT ON TABLE newest_quotes IS 'Newest quote by (timestamp, sequence) of the instrument''s quote source.';

COMMENT ON COLUMN newest_quotes.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN newest_quotes.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN newest_quotes.timestamp IS 'time of the quote';

COMMENT ON COLUMN newest_quotes.bid_price IS 'best bid, quote currency';

COMMENT ON COLUMN newest_quotes.bid_volume IS 'size at the best bid';

COMMENT ON COLUMN newest_quotes.ask_price IS 'best ask, quote currency';

COMMENT ON COLUMN newest_quotes.ask_volume IS 'size at the best ask';

COMMENT ON COLUMN newest_quotes.sequence IS 'the venue''s update id';

COMMENT ON COLUMN newest_quotes.received_at IS 'when the recorder received it';

CREATE TABLE newest_trades (
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    price NUMERIC NOT NULL,
    volume NUMERIC NOT NULL,
    side trade_side,
    sequence BIGINT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT newest_trades_pkey PRIMARY KEY (symbol, exchange)
)
 WITH (fillfactor = 50);

COMMENT ON TABLE newest_trades IS 'Last trade by (timestamp, sequence) of the instrument''s canonical feed.';

COMMENT ON COLUMN newest_trades.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN newest_trades.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN newest_trades.timestamp IS 'execution time';

COMMENT ON COLUMN newest_trades.price IS 'execution price, quote currency';

COMMENT ON COLUMN newest_trades.volume IS 'executed size';

COMMENT ON COLUMN newest_trades.side IS 'the aggressor';

COMMENT ON COLUMN newest_trades.sequence IS 'the venue''s trade id';

COMMENT ON COLUMN newest_trades.received_at IS 'when the recorder received it';

CREATE TABLE market_data (
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    price price NOT NULL,
    volume quantity NOT NULL,
    bid_price price,
    ask_price price,
    bid_volume quantity,
    ask_volume quantity,
    side trade_side,
    feed trade_feed NOT NULL,
    sequence BIGINT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE,
    batch_id BIGINT,
    CONSTRAINT market_data_pkey PRIMARY KEY (symbol, exchange, timestamp, feed, sequence),
    CONSTRAINT chk_positive_prices CHECK (price > 0 AND (bid_price IS NULL OR bid_price > 0) AND (ask_price IS NULL OR ask_price > 0)),
    CONSTRAINT chk_positive_volumes CHECK (volume > 0 AND (bid_volume IS NULL OR bid_volume >= 0) AND (ask_volume IS NULL OR ask_volume >= 0)),
    CONSTRAINT chk_timestamp_floor CHECK (timestamp >= '2009-01-03 00:00:00+00'::timestamptz)
)
 PARTITION BY RANGE (timestamp);

CREATE INDEX market_data_symbol_timestamp_idx ON market_data USING brin (symbol, timestamp);

COMMENT ON TABLE market_data IS 'Executed trades, append-only; identity is (exchange, symbol, feed, sequence).';

COMMENT ON COLUMN market_data.timestamp IS 'execution time by the exchange';

COMMENT ON COLUMN market_data.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN market_data.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN market_data.price IS 'execution price, quote currency';

COMMENT ON COLUMN market_data.volume IS 'executed size, base currency or contracts';

COMMENT ON COLUMN market_data.bid_price IS 'best bid, where the source row has it';

COMMENT ON COLUMN market_data.ask_price IS 'best ask, where the source row has it';

COMMENT ON COLUMN market_data.bid_volume IS 'size at the best bid';

COMMENT ON COLUMN market_data.ask_volume IS 'size at the best ask';

COMMENT ON COLUMN market_data.side IS 'the aggressor; NULL where the venue does not say';

COMMENT ON COLUMN market_data.feed IS 'id space of sequence';

COMMENT ON COLUMN market_data.sequence IS 'the venue''s trade or update id; an ordinal where the venue gives none';

COMMENT ON COLUMN market_data.received_at IS 'when the recorder received the event';

COMMENT ON COLUMN market_data.batch_id IS 'batch that stored it; NULL from foreign writers';

CREATE TABLE order_book_l1 (
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    bid_price price NOT NULL,
    bid_volume quantity NOT NULL,
    ask_price price NOT NULL,
    ask_volume quantity NOT NULL,
    source quote_source NOT NULL,
    sequence BIGINT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE,
    batch_id BIGINT,
    CONSTRAINT order_book_l1_pkey PRIMARY KEY (symbol, exchange, timestamp, source, sequence),
    CONSTRAINT chk_positive_quotes CHECK (bid_price > 0 AND ask_price > 0),
    CONSTRAINT chk_positive_sizes CHECK (bid_volume > 0 AND ask_volume > 0),
    CONSTRAINT chk_book_not_crossed CHECK (bid_price <= ask_price),
    CONSTRAINT chk_quote_timestamp_floor CHECK (timestamp >= '2009-01-03 00:00:00+00'::timestamptz)
)
 PARTITION BY RANGE (timestamp);

CREATE INDEX order_book_l1_symbol_timestamp_idx ON order_book_l1 USING brin (symbol, timestamp);

COMMENT ON TABLE order_book_l1 IS 'Best bid and ask, append-only; identity is (exchange, symbol, source, sequence).';

COMMENT ON COLUMN order_book_l1.timestamp IS 'time by the exchange; receive time where it sends none';

COMMENT ON COLUMN order_book_l1.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN order_book_l1.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN order_book_l1.bid_price IS 'best bid, quote currency';

COMMENT ON COLUMN order_book_l1.bid_volume IS 'size at the best bid';

COMMENT ON COLUMN order_book_l1.ask_price IS 'best ask, quote currency';

COMMENT ON COLUMN order_book_l1.ask_volume IS 'size at the best ask';

COMMENT ON COLUMN order_book_l1.source IS 'id space of sequence';

COMMENT ON COLUMN order_book_l1.sequence IS 'the venue''s trade or update id; an ordinal where the venue gives none';

COMMENT ON COLUMN order_book_l1.received_at IS 'when the recorder received the event';

COMMENT ON COLUMN order_book_l1.batch_id IS 'batch that stored it; NULL from foreign writers';

CREATE TABLE instruments (
    symbol symbol NOT NULL,
    exchange exchange_id NOT NULL,
    canonical_feed trade_feed,
    quote_source quote_source DEFAULT 'ticker' NOT NULL,
    base TEXT,
    quote TEXT,
    settle TEXT,
    tick_size price,
    lot_size quantity,
    contract_multiplier quantity,
    inverse BOOLEAN,
    listed_at TIMESTAMP WITH TIME ZONE,
    delisted_at TIMESTAMP WITH TIME ZONE,
    renamed_to TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT instruments_pkey PRIMARY KEY (symbol, exchange),
    CONSTRAINT fk_instruments_exchanges FOREIGN KEY(exchange) REFERENCES exchanges (exchange_id) ON DELETE RESTRICT,
    CONSTRAINT chk_instrument_steps CHECK ((tick_size IS NULL OR tick_size > 0) AND (lot_size IS NULL OR lot_size > 0) AND (contract_multiplier IS NULL OR contract_multiplier > 0))
);

COMMENT ON TABLE instruments IS 'One row a tradable instrument with its current terms; older terms in instrument_revisions.';

COMMENT ON COLUMN instruments.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN instruments.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN instruments.canonical_feed IS 'the trade feed that candles, last trade and analytics are made of; the first one stored unless set, NULL before';

COMMENT ON COLUMN instruments.quote_source IS 'the source of quotes that the newest quote and reads use';

COMMENT ON COLUMN instruments.base IS 'base currency';

COMMENT ON COLUMN instruments.quote IS 'quote currency';

COMMENT ON COLUMN instruments.settle IS 'settlement currency of a derivative';

COMMENT ON COLUMN instruments.tick_size IS 'smallest price step, quote currency';

COMMENT ON COLUMN instruments.lot_size IS 'smallest size step, base currency or contracts';

COMMENT ON COLUMN instruments.contract_multiplier IS 'base units (linear) or quote units (inverse) a contract';

COMMENT ON COLUMN instruments.inverse IS 'true where profit is paid in the base currency';

COMMENT ON COLUMN instruments.listed_at IS 'listed by the venue';

COMMENT ON COLUMN instruments.delisted_at IS 'delisted by the venue';

COMMENT ON COLUMN instruments.renamed_to IS 'the symbol that continues this one';

COMMENT ON COLUMN instruments.created_at IS 'first registered';

CREATE TABLE batch_streams (
    batch_id BIGINT NOT NULL,
    exchange exchange_id NOT NULL,
    symbol symbol NOT NULL,
    stream TEXT NOT NULL,
    received BIGINT DEFAULT '0' NOT NULL,
    stored BIGINT DEFAULT '0' NOT NULL,
    duplicate BIGINT DEFAULT '0' NOT NULL,
    quarantined BIGINT DEFAULT '0' NOT NULL,
    ignored BIGINT DEFAULT '0' NOT NULL,
    first_timestamp TIMESTAMP WITH TIME ZONE,
    last_timestamp TIMESTAMP WITH TIME ZONE,
    first_sequence BIGINT,
    last_sequence BIGINT,
    CONSTRAINT batch_streams_pkey PRIMARY KEY (batch_id, exchange, symbol, stream),
    CONSTRAINT fk_batch_streams_batches FOREIGN KEY(batch_id) REFERENCES batches (batch_id) ON DELETE RESTRICT,
    CONSTRAINT chk_batch_stream_accounted CHECK (received = stored + duplicate + quarantined + ignored)
);

COMMENT ON TABLE batch_streams IS 'A batch''s account by stream.';

COMMENT ON COLUMN batch_streams.batch_id IS 'the batch';

COMMENT ON COLUMN batch_streams.exchange IS 'ccxt id of the market';

COMMENT ON COLUMN batch_streams.symbol IS 'the venue''s own symbol';

COMMENT ON COLUMN batch_streams.stream IS 'feed, source, or an ignored kind';

COMMENT ON COLUMN batch_streams.received IS 'events that came in';

COMMENT ON COLUMN batch_streams.stored IS 'events that became ticks';

COMMENT ON COLUMN batch_streams.duplicate IS 'events that were stored already';

COMMENT ON COLUMN batch_streams.quarantined IS 'events refused';

COMMENT ON COLUMN batch_streams.ignored IS 'events of a kind that has no table yet';

COMMENT ON COLUMN batch_streams.first_timestamp IS 'earliest event stored';

COMMENT ON COLUMN batch_streams.last_timestamp IS 'latest event stored';

COMMENT ON COLUMN batch_streams.first_sequence IS 'lowest venue id stored';

COMMENT ON COLUMN batch_streams.last_sequence IS 'highest venue id stored';

