-- Drops what this revision made, and what it replaced: earlier texts make that again. Each partition
-- has a trigger of its own that calls states_inserted.
DROP FUNCTION states_inserted CASCADE;
DROP FUNCTION day_lock, take_day, day_piece, day_pieces, day_counts, check_unheld, note_late_write,
    record_parts, verify_parts, seal_day, thaw_part, check_departure, reclaim_day, drop_day,
    reopen_parts, expire_day, place_hold, release_hold, note_orphans, drop_old_rows, refuse_cold,
    refuse_cold_trades, lies_cold, newer_cold_part, recompute_newest_quote, recompute_newest_trade,
    thawing, note_late_rows, finish_thaw, compress_day, cold_parts_of_batch;
DROP TABLE job_runs, alerts, retention_holds, late_writes, departures, cold_parts, cold_orphans;
DROP TYPE part_state, run_state;
