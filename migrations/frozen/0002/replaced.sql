-- Functions that get other parameters or results, which CREATE OR REPLACE cannot give them.
DROP FUNCTION ensure_partitions(timestamptz, timestamptz);
DROP FUNCTION correct_ticks(bigint);
