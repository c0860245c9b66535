-- Version 3: the sample of whole calls, of which the newest generation counts, so that a write is there whole or not at all.
CREATE TABLE IF NOT EXISTS calls (
    generation         Int64,
    begun_unix_nano    Int64,
    trace_id           FixedString(16),
    call_id            FixedString(8),
    parent_call_id     FixedString(8),
    service_name       LowCardinality(String),
    span_name          LowCardinality(String),
    service_version    LowCardinality(String),
    instance           LowCardinality(String),
    node               LowCardinality(String),
    sent_unix_nano     Int64,
    arrived_unix_nano  Int64,
    ended_unix_nano    Int64,
    returned_unix_nano Int64,
    is_awaited         Bool,
    is_served          Bool,
    is_error           Bool
) ENGINE = MergeTree
ORDER BY (generation, begun_unix_nano);

CREATE TABLE IF NOT EXISTS call_generations (
    generation Int64,
    left_out   Array(Int64)
) ENGINE = MergeTree
ORDER BY generation;
