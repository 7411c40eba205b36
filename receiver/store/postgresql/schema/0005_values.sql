-- What few or none have is not looked for in all there is: of every megabyte, whether it may hold a value. An index with
-- an entry for each row would cost as many entries as a row has changes.

DROP INDEX CONCURRENTLY IF EXISTS envelope_values;
CREATE INDEX CONCURRENTLY envelope_values ON envelope USING brin (
  account text_bloom_ops (n_distinct_per_range = 128), source text_bloom_ops (n_distinct_per_range = 128),
  platform text_bloom_ops (n_distinct_per_range = 128), topic text_bloom_ops (n_distinct_per_range = 128)
) WITH (autosummarize = on);
DROP INDEX CONCURRENTLY IF EXISTS delivery_values;
CREATE INDEX CONCURRENTLY delivery_values ON delivery USING brin (
  handler text_bloom_ops (n_distinct_per_range = 128), event text_bloom_ops (n_distinct_per_range = 128)
) WITH (autosummarize = on);
