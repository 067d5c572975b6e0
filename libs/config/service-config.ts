import { resolve } from 'node:path';
import type { Environment } from './environment.ts';
import { httpPortDistance, portOffsets, type ServiceName, serviceNames, servicePorts } from './ports.ts';

/** What every service reads from its environment. */
export interface ServiceConfig {
  readonly service: ServiceName;
  /** Added to every port of the platform. */
  readonly portOffset: number;
  /** Address that internal servers bind. */
  readonly bind: string;
  /** Port of the gRPC server. */
  readonly port: number;
  /** Port of /metrics and /healthz. */
  readonly httpPort: number;
  /** Folder of the secret files. */
  readonly secretsDirectory: string;
  /** Folder of the platform's state. */
  readonly home: string;
  /** Domain of SNI names: <uid>.<domain>. */
  readonly domain: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** host:port of the gRPC server of each service. */
  readonly addresses: Readonly<Record<ServiceName, string>>;
  /** Path of the JSON Web Key Set with the public keys of all services. */
  readonly jwksPath: string;
  /** Ed25519 private key of this service, PKCS#8 PEM. */
  readonly privateKeyPem: string;
}

/** Reads what every service needs; call `env.finish` after the service's own settings are read too. */
export function readServiceConfig(service: ServiceName, env: Environment): ServiceConfig {
  const portOffset = env.choice('MINIREDIS_PORT_OFFSET', 0, portOffsets);
  const home = resolve(env.text('MINIREDIS_HOME', '.miniredis'));
  const secretsDirectory = resolve(env.text('MINIREDIS_SECRETS', `${home}/secrets`));
  const addresses = Object.fromEntries(
    serviceNames.map(name => [
      name,
      env.address(addressVariable(name), `127.0.0.1:${servicePorts[name] + portOffset}`),
    ]),
  ) as Record<ServiceName, string>;
  return {
    service,
    portOffset,
    bind: env.text('MINIREDIS_BIND', '127.0.0.1'),
    port: servicePorts[service] + portOffset,
    httpPort: servicePorts[service] + portOffset + httpPortDistance,
    secretsDirectory,
    home,
    domain: env.text('MINIREDIS_DOMAIN', 'miniredis.localhost'),
    logLevel: env.choice('MINIREDIS_LOG_LEVEL', 'info', ['debug', 'info', 'warn', 'error', 'silent']),
    addresses,
    jwksPath: resolve(secretsDirectory, 'jwks.json'),
    privateKeyPem: env.secret(secretsDirectory, `keys/${service}.pem`),
  };
}

/** Name of the variable that moves a service, for example MINIREDIS_NODE_MANAGER_ADDRESS. */
export function addressVariable(service: ServiceName): string {
  return `MINIREDIS_${service.toUpperCase().replaceAll('-', '_')}_ADDRESS`;
}
