/** Settings from the environment and secret files, all problems told at once. */
export { ConfigError, Environment } from './environment.ts';
export {
  dedicatedPorts,
  httpPortDistance,
  otherPorts,
  portOffsets,
  type ServiceName,
  serviceNames,
  servicePorts,
} from './ports.ts';
export { addressVariable, readServiceConfig, type ServiceConfig } from './service-config.ts';
