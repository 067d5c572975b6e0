/** The life of a service's process: configuration, signals, health and metrics over HTTP, an orderly end. */
export { runService, type ServiceProcess } from './run-service.ts';
