/** Calls to other services. */
export { type ClientOptions, type Connection, connect, type RemoteCallOptions } from './client.ts';
