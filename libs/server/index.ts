/** A gRPC server the way every service has one. */
export type { ContextExtension, Denial } from './call.ts';
export { Health, type HealthCheck } from './health.ts';
export {
  type Route,
  type RunningServer,
  route,
  type ServerOptions,
  type ServiceDefinition,
  startServer,
  unimplementedRoute,
} from './server.ts';
