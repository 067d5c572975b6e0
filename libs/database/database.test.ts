import test from 'ava';
import { sql } from 'kysely';
import { DomainError } from '../errors/index.ts';
import { isUniqueViolation, withTransaction } from './index.ts';
import { startPostgres, type TestPostgres } from './test-support.ts';

let postgres: TestPostgres;

test.before(async () => {
  postgres = await startPostgres();
});

test.after.always(() => postgres?.close());

/** A schema with one table that the admin made and the role may use. */
const directories = [{ source: 'sample', path: new URL('test-migrations/sample', import.meta.url).pathname }];

const isPostgresAway = (error: unknown) =>
  error instanceof DomainError && error.reason === 'DEPENDENCY_UNAVAILABLE' && error.metadata.dependency === 'postgres';

test('64-bit integers come back as bigint, alone and in arrays', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  const { rows } = await sql`
    select 9007199254740993::int8 as one, array[9007199254740993, null]::int8[] as many, '{}'::int8[] as none,
           count(*) as counted, ${9007199254740993n}::int8 as parameter
  `.execute(database.db);
  t.deepEqual(rows, [
    { one: 9007199254740993n, many: [9007199254740993n, null], none: [], counted: 1n, parameter: 9007199254740993n },
  ]);
  await database.close();
});

test('statements name the tables of the opened schema without a prefix', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  await sql`insert into thing (id) values ('a')`.execute(database.db);
  const { rows } = await sql`select id from sample.thing`.execute(database.db);
  t.deepEqual(rows, [{ id: 'a' }]);
  await database.close();
});

test('a broken unique constraint is told by its name', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  const insert = () => sql`insert into thing (id) values ('a')`.execute(database.db);
  await insert();
  const error = await t.throwsAsync(insert);
  t.true(isUniqueViolation(error));
  t.true(isUniqueViolation(error, 'thing_pkey'));
  t.false(isUniqueViolation(error, 'another'));
  t.false(isUniqueViolation(new Error('duplicate key')));
  await database.close();
});

test('a statement that takes too long fails as DEPENDENCY_UNAVAILABLE and leaves the connection usable', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories, statementTimeoutMs: 50 });
  const error = await t.throwsAsync(() => sql`select pg_sleep(5)`.execute(database.db));
  t.true(isPostgresAway(error));
  t.is(error instanceof DomainError ? error.retryAfterMs : 0, 1_000);
  await database.ping();
  t.is(database.figures().open, 1);
  await database.close();
});

test('callers beyond the queue of a full pool are refused at once', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories, maxConnections: 1 });
  const [first, ...others] = Array.from({ length: 60 }, () => sql`select pg_sleep(0.2)`.execute(database.db));
  const outcomes = await Promise.allSettled(others);
  await first;
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  t.true(refused.length >= 9);
  t.true(refused.every(outcome => outcome.status === 'rejected' && isPostgresAway(outcome.reason)));
  await database.close();
});

test('a transaction is undone as a whole when its work throws', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  const work = withTransaction(database.db, async tx => {
    await sql`insert into thing (id) values ('a')`.execute(tx);
    throw new Error('changed my mind');
  });
  await t.throwsAsync(work, { message: 'changed my mind' });
  const { rows } = await sql`select id from thing`.execute(database.db);
  t.deepEqual(rows, []);
  await database.close();
});

test('of two transactions that deadlock both succeed in the end', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  await sql`insert into thing (id) values ('a'), ('b')`.execute(database.db);
  let runs = 0;
  let bothHold = () => {};
  const meet = new Promise<void>(resolve => {
    bothHold = resolve;
  });
  const touch = async (first: string, second: string) =>
    withTransaction(database.db, async tx => {
      runs++;
      await sql`update thing set size = size + 1 where id = ${first}`.execute(tx);
      if (runs >= 2) bothHold();
      await meet;
      await sql`update thing set size = size + 1 where id = ${second}`.execute(tx);
    });
  await Promise.all([touch('a', 'b'), touch('b', 'a')]);
  t.true(runs >= 3);
  const { rows } = await sql`select sum(size)::int as size from thing`.execute(database.db);
  t.deepEqual(rows, [{ size: 4 }]);
  await database.close();
});

test('a transaction that keeps colliding ends as CONCURRENT_CHANGE after a bounded number of attempts', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  let runs = 0;
  const work = withTransaction(database.db, async tx => {
    runs++;
    await sql`do $$ begin raise exception 'collided' using errcode = 'serialization_failure'; end $$`.execute(tx);
  });
  const error = await t.throwsAsync(work);
  t.is(error instanceof DomainError && error.reason, 'CONCURRENT_CHANGE');
  t.is(runs, 5);
  await database.close();
});

test('killed connections, idle or in a transaction, neither crash the process nor stay in the pool', async t => {
  const database = await (await postgres.createDatabase()).open('sample', { directories });
  const killOthers = sql`
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
  `;
  await Promise.all([database.ping(), database.ping(), database.ping()]);
  await killOthers.execute(database.db);
  await database.ping();
  const work = withTransaction(database.db, async tx => {
    await sql`insert into thing (id) values ('lost')`.execute(tx);
    await killOthers.execute(database.db);
    await sql`select 1`.execute(tx);
  });
  t.true(isPostgresAway(await t.throwsAsync(work)));
  const { rows } = await sql`select id from thing`.execute(database.db);
  t.deepEqual(rows, []);
  await database.close();
});

test('a password that Postgres refuses is a fault of ours, not an outage', async t => {
  const fresh = await postgres.createDatabase();
  const database = await fresh.open('sample', { directories });
  const other = await fresh.open('sample', {
    directories,
    url: fresh.roleUrl('miniredis_sample').replace(/:[^:@]+@/, ':wrong@'),
  });
  t.false(isPostgresAway(await t.throwsAsync(() => other.ping())));
  await Promise.all([database.close(), other.close()]);
});
