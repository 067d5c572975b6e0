create table thing (
  id text primary key,
  size integer not null default 0
);
