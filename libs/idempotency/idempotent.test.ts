import test from 'ava';
import { sql, type Transaction } from 'kysely';
import { type Database, withTransaction } from '../database/index.ts';
import { startPostgres, type TestPostgres } from '../database/test-support.ts';
import { DomainError } from '../errors/index.ts';
import { deleteExpired, type IdempotentCall, idempotent } from './index.ts';

let postgres: TestPostgres;

test.before(async () => {
  postgres = await startPostgres();
});

test.after.always(() => postgres?.close());

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (response: Uint8Array) => new TextDecoder().decode(response);

const call: IdempotentCall = { tenant: 'acme', method: 'a.B/C', requestId: 'id-1', request: bytes('create cache') };

/** A schema with a table that counts effects. */
async function open(): Promise<Database<unknown>> {
  const fresh = await postgres.createDatabase();
  const database = await fresh.open('pubsub');
  const admin = await fresh.open('pubsub', { url: fresh.adminUrl });
  await sql`create table effect (id bigint generated always as identity)`.execute(admin.db);
  await admin.close();
  return database;
}

/** An effect that leaves a row and answers with its number. */
const leaveRow = (tx: Transaction<unknown>) => async () => {
  const { rows } = await sql<{ id: bigint }>`insert into effect default values returning id`.execute(tx);
  return bytes(`row ${rows[0]?.id}`);
};

const perform = (database: Database<unknown>, given: Partial<IdempotentCall> = {}) =>
  withTransaction(database.db, tx => idempotent(tx, { ...call, ...given }, leaveRow(tx)));

async function effects(database: Database<unknown>): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`select count(*) from effect`.execute(database.db);
  return Number(rows[0]?.count);
}

test('a repeated call answers as the first did and has no second effect', async t => {
  const database = await open();
  const first = await perform(database);
  const second = await perform(database);
  t.deepEqual([first.replayed, text(first.response)], [false, 'row 1']);
  t.deepEqual([second.replayed, text(second.response)], [true, 'row 1']);
  t.is(await effects(database), 1);
  await database.close();
});

test('the same id with another request is refused', async t => {
  const database = await open();
  await perform(database);
  const error = await t.throwsAsync(() => perform(database, { request: bytes('create another') }));
  t.true(error instanceof DomainError);
  t.is(error instanceof DomainError && error.reason, 'REQUEST_ID_REUSED');
  t.is(error instanceof DomainError && error.metadata.request_id, 'id-1');
  t.is(await effects(database), 1);
  await database.close();
});

test('the same id of another tenant or method is another call', async t => {
  const database = await open();
  for (const other of [{}, { tenant: 'other' }, { tenant: '' }, { method: 'a.B/D' }]) {
    t.false((await perform(database, other)).replayed);
  }
  t.is(await effects(database), 4);
  await database.close();
});

test('a call without an id runs each time and is not remembered', async t => {
  const database = await open();
  await perform(database, { requestId: '' });
  t.false((await perform(database, { requestId: '' })).replayed);
  t.is(await effects(database), 2);
  const { rows } = await sql`select from idempotency`.execute(database.db);
  t.is(rows.length, 0);
  await database.close();
});

test('a failed call is not remembered: the retry runs', async t => {
  const database = await open();
  const failing = withTransaction(database.db, tx =>
    idempotent(tx, call, async () => {
      await leaveRow(tx)();
      throw new Error('after the effect');
    }),
  );
  await t.throwsAsync(failing, { message: 'after the effect' });
  t.is(await effects(database), 0);
  t.false((await perform(database)).replayed);
  t.is(await effects(database), 1);
  await database.close();
});

test('of calls that race with one id, one has the effect and the others get its answer', async t => {
  const database = await open();
  const answers = await Promise.all(Array.from({ length: 8 }, () => perform(database)));
  t.is(answers.filter(({ replayed }) => !replayed).length, 1);
  t.is(new Set(answers.map(({ response }) => text(response))).size, 1);
  t.is(await effects(database), 1);
  await database.close();
});

test('a call that waits for a first one that fails has the effect itself', async t => {
  const database = await open();
  let fail = () => {};
  const mayFail = new Promise<void>(resolve => {
    fail = resolve;
  });
  let claimed = () => {};
  const hasClaimed = new Promise<void>(resolve => {
    claimed = resolve;
  });
  const first = withTransaction(database.db, tx =>
    idempotent(tx, call, async () => {
      claimed();
      await mayFail;
      throw new Error('given up');
    }),
  );
  await hasClaimed;
  const second = perform(database);
  await waitingForLock(database);
  fail();
  await t.throwsAsync(first, { message: 'given up' });
  t.false((await second).replayed);
  t.is(await effects(database), 1);
  await database.close();
});

test('an answer past its time is forgotten, whether or not it was deleted yet', async t => {
  const database = await open();
  const expire = () => sql`update idempotency set expire_time = now()`.execute(database.db);
  await perform(database);
  await expire();
  t.false((await perform(database, { request: bytes('another request') })).replayed);
  t.true((await perform(database, { request: bytes('another request') })).replayed);
  await perform(database, { requestId: 'id-2' });
  t.is(await deleteExpired(database.db, 10), 0);
  await expire();
  t.is(await deleteExpired(database.db, 1), 1);
  t.is(await deleteExpired(database.db, 10), 1);
  t.is(await deleteExpired(database.db, 10), 0);
  await database.close();
});

test('answers are kept for 48 hours', async t => {
  const database = await open();
  await perform(database);
  const { rows } = await sql<{ hours: number }>`
    select extract(epoch from expire_time - now())::float8 / 3600 as hours from idempotency
  `.execute(database.db);
  t.true(Math.abs((rows[0]?.hours ?? 0) - 48) < 0.1);
  await database.close();
});

/** Resolves once a statement of ours waits for another's lock. */
async function waitingForLock(database: Database<unknown>): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    `.execute(database.db);
    if (rows.length > 0) return;
  }
}
