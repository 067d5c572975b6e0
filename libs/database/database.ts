import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Logger } from '../log/index.ts';
import { openPool, type PoolFigures } from './pool.ts';

/** How to reach a schema of the platform's database. */
export interface DatabaseOptions {
  /** postgres://role:password@host:port/database */
  readonly url: string;
  /** The schema whose tables statements name without a prefix. */
  readonly schema: string;
  /** Shown in pg_stat_activity; the service's name. */
  readonly applicationName: string;
  /** Upper bound of open connections; 10 if unset. */
  readonly maxConnections?: number;
  /** After how many milliseconds the server gives a statement up; 5,000 if unset. */
  readonly statementTimeoutMs?: number;
  /** How many milliseconds a caller waits for a connection; 2,000 if unset. */
  readonly connectionTimeoutMs?: number;
  readonly log?: Pick<Logger, 'warn'>;
}

/** An open schema. */
export interface Database<Schema> {
  /** Statements through it throw DomainError DEPENDENCY_UNAVAILABLE where Postgres is away or too slow. */
  readonly db: Kysely<Schema>;
  /** The options it was opened with. */
  readonly options: DatabaseOptions;
  /** Resolves if Postgres answers; throws DomainError DEPENDENCY_UNAVAILABLE otherwise. */
  ping(): Promise<void>;
  figures(): PoolFigures;
  /** Waits for the statements that run, then closes all connections. The opener calls it, once. */
  close(): Promise<void>;
}

/**
 * Opens one schema. Nothing is connected until the first statement, and connections that Postgres loses are replaced
 * when they are next needed, so a service starts and recovers without its database. int8 columns are bigint,
 * timestamptz columns are Date (milliseconds: a column that orders pages must be timestamptz(3)).
 */
export function openDatabase<Schema>(options: DatabaseOptions): Database<Schema> {
  if (!/^[a-z][a-z0-9_]*$/.test(options.schema)) throw new TypeError(`"${options.schema}" is no name of a schema.`);
  const { statementTimeoutMs = 5_000 } = options;
  const { pool, figures } = openPool(
    {
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.maxConnections ?? 10,
      connectionTimeoutMillis: options.connectionTimeoutMs ?? 2_000,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      statement_timeout: statementTimeoutMs,
      // Locks must not outlive a process that hangs between two statements.
      idle_in_transaction_session_timeout: 4 * statementTimeoutMs,
      // Ours, for a server that does not even answer; a little later than its own, which leaves a usable connection.
      query_timeout: statementTimeoutMs + 1_000,
      options: `-c search_path=${options.schema}`,
    },
    options.log,
  );
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    options,
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    figures,
    close: () => db.destroy(),
  };
}
