-- Answers of calls that carried a request_id, written in the transaction of their effect. Without secrets.
create table idempotency (
  -- Empty for calls that belong to no tenant.
  tenant text not null,
  -- "package.Service/Method".
  method text not null,
  request_id text not null,
  request_sha256 bytea not null,
  -- Null only inside the transaction that runs the effect.
  response bytea,
  expire_time timestamptz not null,
  primary key (tenant, method, request_id)
);

create index idempotency_expire_time on idempotency (expire_time);
