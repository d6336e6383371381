-- Every day of a table that PostgreSQL holds: in what, how large, and how many rows by its estimate.
CREATE OR REPLACE FUNCTION day_pieces(p_table text)
RETURNS TABLE (day date, kind text, piece text, bytes bigint, n bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
BEGIN
    PERFORM day_piece(p_table, '2000-01-01');
    IF (SELECT relkind FROM pg_class WHERE oid = to_regclass(p_table)) = 'p' THEN
        RETURN QUERY
        SELECT to_date(right(c.relname, 8), 'YYYYMMDD'),
               CASE WHEN i.inhrelid IS NULL THEN 'detached'
                    WHEN i.inhdetachpending THEN 'pending' ELSE 'partition' END,
               c.relname::text, pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint
        FROM pg_class AS c JOIN pg_class AS p ON p.oid = to_regclass(p_table) AND p.relowner = c.relowner
        LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = p.oid
        WHERE c.relname ~ ('^' || p_table || '_\d{8}$') AND c.relnamespace = 'public'::regnamespace
          AND c.relkind = 'r';
    ELSE
        -- In the columnstore a chunk's rows lie in a table of their own, some thousand in one. By names:
        -- only the owner may say the schema of chunks.
        RETURN QUERY EXECUTE
            'SELECT h.range_start::date, ''chunk'', h.chunk_name::text,'
            '       pg_total_relation_size(c.oid) + coalesce(pg_total_relation_size(packed.oid), 0),'
            '       greatest(c.reltuples, 0)::bigint + coalesce(s.numrows_pre_compression, 0)'
            ' FROM timescaledb_information.chunks AS h'
            ' JOIN pg_namespace AS n ON n.nspname = h.chunk_schema'
            ' JOIN pg_class AS c ON c.relname = h.chunk_name AND c.relnamespace = n.oid'
            ' JOIN _timescaledb_catalog.chunk AS own'
            '   ON own.schema_name = h.chunk_schema AND own.table_name = h.chunk_name'
            ' LEFT JOIN _timescaledb_catalog.chunk AS other ON other.id = own.compressed_chunk_id'
            ' LEFT JOIN pg_class AS packed ON packed.relname = other.table_name AND packed.relnamespace = n.oid'
            ' LEFT JOIN _timescaledb_catalog.compression_chunk_size AS s ON s.chunk_id = own.id'
            ' WHERE h.hypertable_schema = ''public'' AND h.hypertable_name = $1' USING p_table;
    END IF;
END
$$;
