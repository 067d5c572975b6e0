-- Events that are committed but not yet handed to JetStream. A row leaves when JetStream has acknowledged it, so what
-- is here is what is unsent: no reader depends on position rising with commit order, which it does not do.
create table outbox (
  position bigint generated always as identity primary key,
  event_id uuid not null unique,
  type text not null,
  -- The event as it is published, JSON. Text and not jsonb: the bytes are kept as they were written.
  envelope text not null,
  append_time timestamptz not null default clock_timestamp()
);

-- Rows come and go all day: vacuum by count, not by a share of a table that is nearly always empty.
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
