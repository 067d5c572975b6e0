// Brings one schema up to date. Files run forward only, each in one transaction that first takes the version's row:
// a process that races another waits on that row, finds it taken, and goes on with the next file. What was applied is
// remembered with its checksum, and a file that was changed afterwards is refused. The service's own role is made
// here and may read and write rows, but owns nothing: it cannot change a table or drop one.

import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import type { Logger } from '../log/index.ts';
import { isUnavailable } from './failure.ts';
import { type MigrationDirectory, MigrationError, type MigrationFile, readMigrations } from './migration-files.ts';
import { scramVerifier } from './scram-verifier.ts';

/** What to migrate, and as whom. */
export interface MigrateOptions {
  /** URL of a role that may create roles and schemas. */
  readonly adminUrl: string;
  readonly schema: string;
  /** Applied in this order. */
  readonly directories: readonly MigrationDirectory[];
  /** Login role of the service; "miniredis_<schema>" if unset. */
  readonly role?: string;
  /** Set anew each time, so that a changed secret takes effect. */
  readonly rolePassword: string;
  readonly log?: Pick<Logger, 'info' | 'warn'>;
}

/** How long a statement of a migration waits for a lock, a running service's or another migrator's. */
const lockTimeoutMs = 60_000;
/** Any number that nothing else in this database locks. */
const preparationLock = 7_305_601;

/**
 * Creates the schema and its role where they are missing, then applies what is new; returns the labels of the files
 * it applied. Throws MigrationError with one message that names the file, the place and the reason; what was
 * applied before stays.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { schema, role = `miniredis_${schema}` } = options;
  for (const name of [schema, role]) {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new MigrationError(`"${name}" cannot name a schema or role.`);
  }
  const files = options.directories.flatMap(readMigrations);
  const client = await connect(options.adminUrl);
  try {
    await client.query(`set lock_timeout = ${lockTimeoutMs}; set client_min_messages = warning`);
    await prepareRole(client, role, options.rolePassword);
    await prepareSchema(client, schema, role);
    await client.query(`set search_path = ${escapeIdentifier(schema)}`);
    await checkApplied(client, files, options.log);
    const applied: string[] = [];
    for (const file of files) {
      if (await apply(client, file, role)) applied.push(file.label);
    }
    options.log?.info({ schema, applied }, 'schema_migrated');
    return applied;
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    throw new MigrationError(`schema ${schema}: ${error instanceof Error ? error.message : String(error)}`, error);
  } finally {
    await client.end();
  }
}

async function connect(adminUrl: string): Promise<Client> {
  const client = new Client({
    connectionString: adminUrl,
    application_name: 'miniredis-migrate',
    connectionTimeoutMillis: 5_000,
  });
  // Reported by the statement that runs; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    const reason = error instanceof Error ? error.message || String(error) : String(error);
    const advice = isUnavailable(error) ? 'Is it running?' : 'Is the URL in database/admin.url right?';
    throw new MigrationError(
      `Postgres at ${client.host}:${client.port}, database ${client.database}, user ${client.user}: ${reason}. ${advice}`,
      error,
    );
  }
}

/** Roles belong to the whole server, so migrators of other databases may change the same row of the catalogue. */
async function prepareRole(client: Client, role: string, password: string): Promise<void> {
  const name = escapeIdentifier(role);
  const login = `login nosuperuser nocreatedb nocreaterole password ${escapeLiteral(scramVerifier(password))}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
      await client.query(`${rowCount === 0 ? 'create' : 'alter'} role ${name} ${login}`);
      return;
    } catch (error) {
      if (attempt === 10 || !isRaceOverCatalogue(error)) throw error;
    }
  }
}

function isRaceOverCatalogue(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  // duplicate_object, unique_violation, and internal_error "tuple concurrently updated".
  return error.code === '42710' || error.code === '23505' || /concurrently/.test(error.message);
}

async function prepareSchema(client: Client, schemaName: string, roleName: string): Promise<void> {
  const schema = escapeIdentifier(schemaName);
  const role = escapeIdentifier(roleName);
  await inTransaction(client, async () => {
    await client.query('select pg_advisory_xact_lock($1)', [preparationLock]);
    await client.query(`
      create schema if not exists ${schema};
      grant usage on schema ${schema} to ${role};
      alter default privileges in schema ${schema} grant select, insert, update, delete on tables to ${role};
      alter default privileges in schema ${schema} grant usage, select on sequences to ${role};
      create table if not exists ${schema}.migration (
        source text not null,
        version integer not null,
        checksum text not null,
        applied_time timestamptz not null default now(),
        primary key (source, version)
      );
      revoke all on ${schema}.migration from ${role};
      grant select on ${schema}.migration to ${role};
    `);
  });
}

/** Refuses files that were changed after they were applied; says so where the database is ahead of this build. */
async function checkApplied(
  client: Client,
  files: readonly MigrationFile[],
  log: MigrateOptions['log'],
): Promise<void> {
  const { rows } = await client.query<{ source: string; version: number; checksum: string }>(
    'select source, version, checksum from migration order by source, version',
  );
  for (const row of rows) {
    const file = files.find(({ source, version }) => source === row.source && version === row.version);
    // A newer build ran here; expand-and-contract keeps the schema usable for this one.
    if (!file) log?.warn({ source: row.source, version: row.version }, 'migration_unknown_to_this_build');
    else refuseIfChanged(file, row.checksum);
  }
}

function refuseIfChanged(file: MigrationFile, checksum: string): void {
  if (file.checksum === checksum) return;
  throw new MigrationError(
    `${file.label}: was changed after it was applied; put it back as it was and write the change as a new migration.`,
  );
}

/** Applies a file unless it is applied already; true if it was this call that did. */
async function apply(client: Client, file: MigrationFile, role: string): Promise<boolean> {
  return inTransaction(client, async () => {
    const { rowCount } = await client.query(
      'insert into migration (source, version, checksum) values ($1, $2, $3) on conflict do nothing',
      [file.source, file.version, file.checksum],
    );
    if (rowCount === 0) {
      const { rows } = await client.query<{ checksum: string }>(
        'select checksum from migration where source = $1 and version = $2',
        [file.source, file.version],
      );
      refuseIfChanged(file, rows[0]?.checksum ?? '');
      return false;
    }
    // ":role" stands for the service's role, so that a file can narrow or widen what it may do; "::role" is a cast.
    const text = file.text.replaceAll(/(?<!:):role\b/g, () => escapeIdentifier(role));
    try {
      await client.query(text);
    } catch (error) {
      throw new MigrationError(`${file.label}${place(text, error)}: ${reason(error)}`, error);
    }
    return true;
  });
}

async function inTransaction<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // If this fails too the connection is gone, and with it the transaction; the first error says why.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** ":line:column" of an error in a file's text, as far as Postgres tells. */
function place(text: string, error: unknown): string {
  if (!(error instanceof DatabaseError) || error.position === undefined) return '';
  const before = text.slice(0, Number(error.position) - 1).split('\n');
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

function reason(error: unknown): string {
  if (!(error instanceof DatabaseError)) return String(error);
  const hint = error.hint ? ` (${error.hint})` : '';
  return `${error.message}${hint} [${error.code}]`;
}
