-- Writes that can be done again: each table remembers the ids of its last insertions. What was written outlasts a loss of
-- power. And what the live server keeps: incidents, the newest version of each.

ALTER TABLE operations MODIFY SETTING non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1;
ALTER TABLE links MODIFY SETTING non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1;
ALTER TABLE instances MODIFY SETTING non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1;
ALTER TABLE paths MODIFY SETTING non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1;
ALTER TABLE exemplars MODIFY SETTING non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS incidents (
    id       String,
    onset    Int32,
    changed  Int32,
    document String
) ENGINE = ReplacingMergeTree(changed)
PARTITION BY intDiv(onset, 43200)
ORDER BY (onset, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
