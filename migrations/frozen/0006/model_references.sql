-- The books name model versions since 0004, when there was no registry: ids that they hold already become
-- retired versions of a model "unregistered", under the same numbers.
INSERT INTO models (model_name, description)
SELECT 'unregistered', 'Versions that the books named before there was a registry.'
WHERE EXISTS (SELECT FROM orders WHERE model_id IS NOT NULL)
   OR EXISTS (SELECT FROM trades WHERE model_id IS NOT NULL);
INSERT INTO model_versions (model_id, model_name, version, version_number, status, retired_at)
OVERRIDING SYSTEM VALUE
SELECT model_id, 'unregistered', row_number() OVER (ORDER BY model_id), row_number() OVER (ORDER BY model_id),
       'RETIRED', now()
FROM (SELECT model_id FROM orders UNION SELECT model_id FROM trades) AS named WHERE model_id IS NOT NULL;
UPDATE models SET last_version_number = (SELECT count(*) FROM model_versions);
SELECT setval(pg_get_serial_sequence('model_versions', 'model_id'), max(model_id)) FROM model_versions
HAVING max(model_id) > 0;
ALTER TABLE orders ADD CONSTRAINT fk_orders_model_versions
    FOREIGN KEY (model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT;
CREATE INDEX orders_model_id_idx ON orders (model_id, prediction_timestamp) WHERE model_id IS NOT NULL;
ALTER TABLE trades ADD CONSTRAINT fk_trades_model_versions
    FOREIGN KEY (model_id) REFERENCES model_versions (model_id) ON DELETE RESTRICT;
