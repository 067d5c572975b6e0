/** Every process that serves gRPC, and the port it has before MINIREDIS_PORT_OFFSET is added. */
export const servicePorts = {
  gateway: 8081,
  auth: 8000,
  backend: 5500,
  'node-manager': 7000,
  monitoring: 9000,
  pubsub: 9100,
  backup: 9200,
  scheduler: 9300,
  alert: 9400,
  audit: 9500,
} as const;

/** Name of one of the ten services. */
export type ServiceName = keyof typeof servicePorts;

/** Names of all services. */
export const serviceNames = Object.keys(servicePorts) as ServiceName[];

/** Ports that are not a service's gRPC port, before the offset. */
export const otherPorts = {
  api: 8080,
  resp: 6379,
  respTls: 6380,
  door: 7001,
  envoyAdmin: 9901,
  postgres: 5433,
  nats: 4222,
} as const;

/** Dedicated ports of nodes lie in this range, both ends included, before the offset. */
export const dedicatedPorts = { first: 6001, last: 6378 } as const;

/** /metrics and /healthz are served on the service's port plus this. */
export const httpPortDistance = 50;

/** The offsets that MINIREDIS_PORT_OFFSET may have; more would reach into the ephemeral ports. */
export const portOffsets = [0, 10_000, 20_000] as const;
