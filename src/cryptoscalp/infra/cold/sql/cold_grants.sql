-- Everybody may look. What changes the ledger is for the product's own writer: a session that has taken
-- the capture role, so that plain SQL of the login does not call it by accident.
REVOKE ALL ON FUNCTION
    record_parts(text, date, text[], text[], bigint[], timestamptz[], timestamptz[], bigint[], bigint[],
                 bytea[], bigint),
    verify_parts(text, date, text[], text[], bytea[]), seal_day(text, date), check_departure(text, date),
    drop_day(text, date), thaw_part(text, date, text, text),
    reopen_parts(text, date, text[], text[]), expire_day(text, date),
    place_hold(text, date, date, text, text), release_hold(bigint, text), note_orphans(text[]),
    drop_old_rows(text, bigint),
    day_lock(text, date), take_day(text, date, boolean), day_piece(text, date), day_pieces(text),
    day_counts(text, date), check_unheld(text, date), reclaim_day(text, date),
    note_late_write(text, timestamptz, timestamptz)
    FROM PUBLIC;
GRANT SELECT ON cold_parts, late_writes, cold_orphans, retention_holds, departures
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION day_lock(text, date), day_piece(text, date), day_pieces(text)
    TO cryptoscalp_app, cryptoscalp_capture;
GRANT EXECUTE ON FUNCTION
    record_parts(text, date, text[], text[], bigint[], timestamptz[], timestamptz[], bigint[], bigint[],
                 bytea[], bigint),
    verify_parts(text, date, text[], text[], bytea[]), seal_day(text, date), check_departure(text, date),
    drop_day(text, date), thaw_part(text, date, text, text),
    reopen_parts(text, date, text[], text[]), expire_day(text, date),
    place_hold(text, date, date, text, text), release_hold(bigint, text), note_orphans(text[]),
    drop_old_rows(text, bigint)
    TO cryptoscalp_capture;
