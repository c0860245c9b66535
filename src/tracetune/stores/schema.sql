-- Minutes as they are kept; the columns are those of domain/minutes.py. Rows of equal keys add up whenever the engine
-- merges, and every query adds up what is not merged yet. A partition is 30 days, so that old minutes go at once.

CREATE TABLE IF NOT EXISTS operations (
    minute           Int32,
    service_name     LowCardinality(String),
    span_name        LowCardinality(String),
    span_kind        Int8,
    is_entry         Bool,
    calls            SimpleAggregateFunction(sum, Int64),
    errors           SimpleAggregateFunction(sum, Int64),
    root_calls       SimpleAggregateFunction(sum, Int64),
    duration_nano    SimpleAggregateFunction(sum, Int64),
    self_time_nano   SimpleAggregateFunction(sum, Int64),
    duration         SimpleAggregateFunction(sumMap, Map(Int16, UInt64)),
    self_time        SimpleAggregateFunction(sumMap, Map(Int16, UInt64))
) ENGINE = AggregatingMergeTree
PARTITION BY intDiv(minute, 43200)
ORDER BY (minute, service_name, span_name, span_kind, is_entry);

CREATE TABLE IF NOT EXISTS links (
    minute               Int32,
    client               LowCardinality(String),
    server               LowCardinality(String),
    span_name            LowCardinality(String),
    connection_type      LowCardinality(String),
    calls                SimpleAggregateFunction(sum, Int64),
    errors               SimpleAggregateFunction(sum, Int64),
    client_duration_nano SimpleAggregateFunction(sum, Int64),
    paired_calls         SimpleAggregateFunction(sum, Int64),
    gap_nano             SimpleAggregateFunction(sum, Int64),
    client_duration      SimpleAggregateFunction(sumMap, Map(Int16, UInt64)),
    gap                  SimpleAggregateFunction(sumMap, Map(Int16, UInt64))
) ENGINE = AggregatingMergeTree
PARTITION BY intDiv(minute, 43200)
ORDER BY (minute, client, server, span_name, connection_type);

CREATE TABLE IF NOT EXISTS instances (
    minute          Int32,
    service_name    LowCardinality(String),
    service_version LowCardinality(String),
    instance        LowCardinality(String),
    calls           SimpleAggregateFunction(sum, Int64),
    errors          SimpleAggregateFunction(sum, Int64),
    busy_nano       SimpleAggregateFunction(sum, Int64),
    self_time_nano  SimpleAggregateFunction(sum, Int64),
    max_concurrency SimpleAggregateFunction(max, Int64)
) ENGINE = AggregatingMergeTree
PARTITION BY intDiv(minute, 43200)
ORDER BY (minute, service_name, service_version, instance);

CREATE TABLE IF NOT EXISTS paths (
    minute             Int32,
    entry_service      LowCardinality(String),
    entry_name         LowCardinality(String),
    service_name       LowCardinality(String),
    span_name          LowCardinality(String),
    traces             SimpleAggregateFunction(sum, Int64),
    spans              SimpleAggregateFunction(sum, Int64),
    critical_path_nano SimpleAggregateFunction(sum, Int64)
) ENGINE = AggregatingMergeTree
PARTITION BY intDiv(minute, 43200)
ORDER BY (minute, entry_service, entry_name, service_name, span_name);

-- Of the slowest calls the slowest stays, of the usual ones the one with the smallest span id: any of them would do.
CREATE TABLE IF NOT EXISTS exemplars (
    minute        Int32,
    service_name  LowCardinality(String),
    span_name     LowCardinality(String),
    trace_id      FixedString(16),
    span_id       FixedString(8),
    duration_nano Int64,
    is_slowest    Bool,
    preference    UInt64 MATERIALIZED if(
        is_slowest, toUInt64(greatest(duration_nano, 0)), bitNot(reinterpretAsUInt64(reverse(span_id)))
    )
) ENGINE = ReplacingMergeTree(preference)
PARTITION BY intDiv(minute, 43200)
ORDER BY (minute, service_name, span_name, is_slowest);
