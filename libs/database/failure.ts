// Tells the failures of Postgres apart: the database is away (the caller may retry), two transactions collided (we
// retry), or the statement itself is wrong (a fault of ours, passed on as it is).

import { DatabaseError } from 'pg';
import { DomainError, dependencyUnavailable } from '../errors/index.ts';

/** SQLSTATE classes and codes after which the same statement may work a moment later. */
const unavailableClasses = ['08', '53'];
const unavailableCodes = new Set([
  '57014', // query_canceled: statement_timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now: starting up or recovering
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '25006', // read_only_sql_transaction: connected to a standby while a failover runs
  '55P03', // lock_not_available: lock_timeout
]);

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** pg and its pool throw these as plain errors without a code. */
const driverMessages =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;

const collisionCodes = new Set(['40001', '40P01']);

/** The SQLSTATE of an error that Postgres reported; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** Postgres could not be reached, went away, refused for lack of resources, or took too long. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return unavailableCodes.has(state) || unavailableClasses.includes(state.slice(0, 2));
  if (!(error instanceof Error)) return false;
  if ('code' in error && socketCodes.has(String(error.code))) return true;
  return driverMessages.test(error.message);
}

/** Two transactions collided (serialization failure, deadlock) and this one was undone. */
export function isCollision(error: unknown): boolean {
  return collisionCodes.has(sqlState(error) ?? '');
}

/** The statement broke a unique constraint: the named one, or any. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (!(error instanceof DatabaseError) || error.code !== '23505') return false;
  return constraint === undefined || error.constraint === constraint;
}

/** DEPENDENCY_UNAVAILABLE where Postgres is away; every other error as it is. */
export function asDomainError(error: unknown): unknown {
  return isUnavailable(error) ? dependencyUnavailable('postgres', error) : error;
}

/** ABORTED for a caller whose transaction kept colliding with others. */
export function concurrentChange(cause: unknown): DomainError {
  return new DomainError('CONCURRENT_CHANGE', 'Others kept changing the same rows; read again and retry.', { cause });
}
