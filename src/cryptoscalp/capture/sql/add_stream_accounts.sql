-- Adds one transaction's counts to the account of its batch by stream.
INSERT INTO batch_streams AS held (batch_id, exchange, symbol, stream, received, stored, duplicate,
                                   quarantined, ignored, first_timestamp, last_timestamp,
                                   first_sequence, last_sequence)
SELECT %s, *
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[],
            %s::bigint[])
ON CONFLICT (batch_id, exchange, symbol, stream) DO UPDATE SET
    received = held.received + excluded.received,
    stored = held.stored + excluded.stored,
    duplicate = held.duplicate + excluded.duplicate,
    quarantined = held.quarantined + excluded.quarantined,
    ignored = held.ignored + excluded.ignored,
    first_timestamp = least(held.first_timestamp, excluded.first_timestamp),
    last_timestamp = greatest(held.last_timestamp, excluded.last_timestamp),
    first_sequence = least(held.first_sequence, excluded.first_sequence),
    last_sequence = greatest(held.last_sequence, excluded.last_sequence)
