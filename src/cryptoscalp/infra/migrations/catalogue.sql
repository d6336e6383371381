-- All that the owner has in schema public, as (kind, name, definition). Left out: leaf partitions,
-- which are made from data, and the table in which Alembic keeps the revision. Columns have no
-- position: one that was added later stands last.
WITH relation AS (
    SELECT c.*, c.oid::regclass::text AS name
    FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace
      AND c.relowner = to_regrole(%(owner)s)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT (c.relispartition AND c.relkind = 'r')
      AND c.relname <> 'alembic_version'
), routine AS (
    SELECT p.*, p.oid::regprocedure::text AS name
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = to_regrole(%(owner)s)
), own_type AS (
    SELECT t.*, t.oid::regtype::text AS name
    FROM pg_type AS t
    WHERE t.typnamespace = 'public'::regnamespace
      AND t.typowner = to_regrole(%(owner)s)
      AND t.typtype IN ('d', 'e')
), acl AS (
    SELECT 'table' AS what, name, relkind AS kind, relowner AS owner,
           coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
               AS items
    FROM relation
    UNION ALL
    SELECT 'column', r.name || '.' || a.attname, NULL, r.relowner, a.attacl
    FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'function', name, NULL, proowner, coalesce(proacl, acldefault('f', proowner)) FROM routine
    UNION ALL
    SELECT 'type', name, NULL, typowner, coalesce(typacl, acldefault('T', typowner)) FROM own_type
)
SELECT 'table' AS kind, name,
       format('%%s%%s%%s; options %%s; row security %%s %%s; comment %%s',
              CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table partitioned by '
                           WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '
                           WHEN 'S' THEN 'sequence' END,
              CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid)
                   WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
              CASE WHEN relispartition
                   THEN format(', partition of %%s %%s',
                               (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = relation.oid),
                               pg_get_expr(relpartbound, oid)) END,
              reloptions, relrowsecurity, relforcerowsecurity,
              quote_nullable(obj_description(oid, 'pg_class'))) AS definition
FROM relation
UNION ALL
SELECT 'column', r.name || '.' || a.attname,
       format('%%s%%s; default %%s; identity %%s; generated %%s; collation %%s; comment %%s',
              format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' END,
              pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, ''), nullif(a.attgenerated, ''),
              nullif(a.attcollation, 0)::regcollation, quote_nullable(col_description(r.oid, a.attnum)))
FROM relation AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind <> 'S'
UNION ALL
SELECT 'constraint', coalesce(r.name, t.name) || '.' || c.conname,
       pg_get_constraintdef(c.oid) || CASE WHEN c.convalidated THEN '' ELSE ' (not validated)' END
FROM pg_constraint AS c
LEFT JOIN relation AS r ON r.oid = c.conrelid
LEFT JOIN own_type AS t ON t.oid = c.contypid
WHERE coalesce(r.name, t.name) IS NOT NULL
UNION ALL
SELECT 'index', r.name || '.' || i.indexrelid::regclass,
       pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END
FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid
UNION ALL
SELECT 'trigger', r.name || '.' || t.tgname, pg_get_triggerdef(t.oid) || '; enabled ' || t.tgenabled::text
FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal
  -- TimescaleDB's own, on every hypertable.
  AND t.tgname <> 'ts_insert_blocker'
UNION ALL
SELECT 'policy', r.name || '.' || p.polname,
       format('%%s %%s to %%s using %%s check %%s', p.polpermissive, p.polcmd,
              ARRAY(SELECT pg_get_userbyid(role) FROM unnest(p.polroles) AS role ORDER BY 1),
              pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
UNION ALL
SELECT 'function', name,
       CASE WHEN prokind IN ('f', 'p') THEN pg_get_functiondef(oid) ELSE 'aggregate' END
           || '; comment ' || quote_nullable(obj_description(oid, 'pg_proc'))
FROM routine
UNION ALL
SELECT 'domain', name,
       format('%%s%%s; default %%s; comment %%s', format_type(typbasetype, typtypmod),
              CASE WHEN typnotnull THEN ' NOT NULL' END, typdefault,
              quote_nullable(obj_description(oid, 'pg_type')))
FROM own_type WHERE typtype = 'd'
UNION ALL
SELECT 'enum', t.name,
       format('%%s; comment %%s', string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder),
              quote_nullable(obj_description(t.oid, 'pg_type')))
FROM own_type AS t JOIN pg_enum AS e ON e.enumtypid = t.oid
GROUP BY t.oid, t.name
UNION ALL
-- The owner's own privileges are spelled out once somebody else gets one: they say nothing.
SELECT 'grant',
       acl.what || ' ' || acl.name || ' to ' || CASE item.grantee WHEN 0 THEN 'PUBLIC'
                                            ELSE pg_get_userbyid(item.grantee)::text END,
       string_agg(item.privilege_type || CASE WHEN item.is_grantable THEN ' (grantable)' ELSE '' END,
                  ', ' ORDER BY item.privilege_type)
FROM acl CROSS JOIN aclexplode(acl.items) AS item
WHERE item.grantee <> acl.owner
GROUP BY acl.what, acl.name, item.grantee
