-- Events that a consumer has handled; the row is written in the handler's transaction, so that a repeat finds it.
create table inbox (
  consumer text not null,
  event_id uuid not null,
  handle_time timestamptz not null default now(),
  primary key (consumer, event_id)
);

create index inbox_handle_time on inbox (handle_time);

-- Deliveries that a consumer cannot handle, kept as they came until somebody looks at them.
create table inbox_parked (
  consumer text not null,
  -- The event's id; where the envelope cannot be read, "stream:<name>:<sequence>".
  delivery_id text not null,
  subject text not null,
  payload bytea not null,
  reason text not null,
  deliveries integer not null,
  park_time timestamptz not null default now(),
  primary key (consumer, delivery_id)
);
