// The connection pool below Kysely. It adds to pg's pool what a service needs to outlive its database: a lost
// connection never becomes an uncaught error, a connection in doubt is thrown away instead of being lent again,
// the queue for a connection is bounded, and failures of Postgres leave here as DomainError.

import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { Pool, type PoolClient, type PoolConfig, TypeOverrides } from 'pg';
import { dependencyUnavailable } from '../errors/index.ts';
import type { Logger } from '../log/index.ts';
import { asDomainError, isUnavailable, sqlState } from './failure.ts';

/** How many callers may wait for each connection before further ones are refused at once. */
const waitersPerConnection = 50;

/** Figures of a pool at one moment. */
export interface PoolFigures {
  /** Connections that are open, idle ones included. */
  open: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
}

/** A pool for Kysely, which owns and ends it, and a look at its figures. */
export interface OpenPool {
  pool: PostgresPool;
  figures(): PoolFigures;
}

/** Opens a pool; it connects when the first statement comes. */
export function openPool(config: PoolConfig & { max: number }, log: Pick<Logger, 'warn'> | undefined): OpenPool {
  const pool = new Pool({ ...config, types: typeParsers() });
  pool.on('error', error => log?.warn({ err: error }, 'postgres_connection_lost'));
  // A lent client has no listener of the pool's; without this one, losing it between two statements of a
  // transaction would be an uncaught 'error' event. The next statement reports the loss.
  pool.on('connect', client => client.on('error', () => undefined));
  return {
    pool: {
      options: pool.options,
      connect: async () => {
        if (pool.waitingCount >= config.max * waitersPerConnection) {
          throw dependencyUnavailable(
            'postgres',
            new Error(`${pool.waitingCount} callers wait for ${config.max} connections`),
          );
        }
        try {
          return new LentClient(await pool.connect());
        } catch (error) {
          throw asDomainError(error);
        }
      },
      end: () => pool.end(),
    },
    figures: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}

/** One loan of a client; remembers whether the connection is fit to be lent again. */
class LentClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  #broken = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    query: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof query !== 'string') throw new TypeError('Cursors are not supported; page through the rows.');
    return this.#run<R>(query, parameters);
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#broken);
  }

  async #run<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    try {
      const result = await this.#client.query(sql, [...parameters]);
      return result as PostgresQueryResult<R> & typeof result;
    } catch (error) {
      // An error without SQLSTATE came from the socket or from our own timer: the answer may still be on its way.
      this.#broken ||= isUnavailable(error) && sqlState(error) === undefined;
      throw asDomainError(error);
    }
  }
}

const int8 = 20;
const int8Array = 1016;

/** The one place that decides what a 64-bit integer is in our code: a bigint, so that no digit is ever lost. */
function typeParsers(): TypeOverrides {
  const types = new TypeOverrides();
  types.setTypeParser(int8, 'text', BigInt);
  types.setTypeParser(int8Array, 'text', parseInt8Array);
  return types;
}

/** One-dimensional arrays: "{1,NULL,3}". */
function parseInt8Array(text: string): (bigint | null)[] {
  if (text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map(item => (item === 'NULL' ? null : BigInt(item)));
}
