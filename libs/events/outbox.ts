// The outbox: an event is written in the transaction of the change it tells, and leaves when JetStream has it.
//
//   service            begin · change · appendEvent · commit ── NOTIFY ──▶
//   relay (one at a time)                          begin · lock rows · publish, wait for the ack · delete · commit
//
// A relay that dies between the acknowledgement and the commit leaves the row, and the next one publishes it again
// under the same id: JetStream drops it within its window, the consumer's inbox after that. Events leave in the order of
// `position`. That is the order of commit for changes of which one saw the other; changes that ran side by side may leave
// either way.

import { type Kysely, sql, type Transaction } from 'kysely';
import { withTransaction } from '../database/index.ts';
import { createEvent, type Event, encodeEvent, type NewEvent } from './event.ts';

/** A committed event that is not published yet. */
export interface OutboxRow {
  readonly position: bigint;
  readonly eventId: string;
  readonly type: string;
  readonly envelope: string;
}

/** What waits in an outbox. */
export interface Backlog {
  /** Events that JetStream has not acknowledged. */
  readonly unsent: number;
  /** Age of the oldest of them in seconds; 0 where there is none. */
  readonly oldestSeconds: number;
}

/** Any number that nothing else locks together with the hash of a schema's name. */
const relayLock = 7_305_602;
/** After this long a batch ends early, so that its transaction stays short. */
const longestBatchMs = 5_000;

/** Channel on which a schema's outbox tells of new rows. */
export function outboxChannel(schema: string): string {
  return `outbox_${schema}`;
}

/**
 * Writes an event in the caller's transaction: it is published if and only if that commits. Returns the event as
 * written. Throws what `createEvent` throws.
 */
export async function appendEvent<Schema>(tx: Transaction<Schema>, given: NewEvent): Promise<Event> {
  const event = createEvent(given);
  await sql`
    with appended as (
      insert into outbox (event_id, type, envelope) values (${event.eventId}, ${event.type}, ${encodeEvent(event)})
      returning 1
    )
    select pg_notify('outbox_' || current_schema(), '') from appended
  `.execute(tx);
  return event;
}

/** How much waits; throws DomainError DEPENDENCY_UNAVAILABLE where Postgres is away. */
export async function outboxBacklog<Schema>(db: Kysely<Schema>): Promise<Backlog> {
  const { rows } = await sql<Backlog>`
    select count(*)::int as unsent,
           coalesce(greatest(extract(epoch from clock_timestamp() - min(append_time)), 0), 0)::float8 as "oldestSeconds"
      from outbox
  `.execute(db);
  return rows[0] ?? { unsent: 0, oldestSeconds: 0 };
}

/**
 * Publishes up to `limit` events in order, one after the other, and deletes those that `publish` resolved for. The
 * first one that `publish` rejects ends the batch: those before it are gone, it and the rest stay, and the error is
 * thrown. Returns how many left; 0 also while another relay is at work.
 */
export async function sendBatch<Schema>(
  db: Kysely<Schema>,
  publish: (row: OutboxRow) => Promise<void>,
  limit: number,
): Promise<number> {
  if (await isEmpty(db)) return 0;
  const { sent, failure } = await withTransaction(db, async tx => {
    if (!(await takeRelayLock(tx))) return { sent: 0 };
    const rows = await lockRows(tx, limit);
    const { count, failure } = await publishInOrder(rows, publish);
    await deleteRows(tx, rows.slice(0, count));
    return { sent: count, failure };
  });
  if (failure) throw failure.error;
  return sent;
}

async function publishInOrder(
  rows: readonly OutboxRow[],
  publish: (row: OutboxRow) => Promise<void>,
): Promise<{ count: number; failure?: { error: unknown } }> {
  const deadline = Date.now() + longestBatchMs;
  let count = 0;
  for (const row of rows) {
    if (Date.now() > deadline) break;
    try {
      await publish(row);
    } catch (error) {
      return { count, failure: { error } };
    }
    count++;
  }
  return { count };
}

async function isEmpty<Schema>(db: Kysely<Schema>): Promise<boolean> {
  const { rows } = await sql`select from outbox limit 1`.execute(db);
  return rows.length === 0;
}

/** One relay a schema works at a time, or events would overtake each other. Held until the transaction ends. */
async function takeRelayLock<Schema>(tx: Transaction<Schema>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(${relayLock}, hashtext(current_schema())) as taken
  `.execute(tx);
  return rows[0]?.taken === true;
}

async function lockRows<Schema>(tx: Transaction<Schema>, limit: number): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    select position, event_id as "eventId", type, envelope
      from outbox order by position limit ${limit} for update skip locked
  `.execute(tx);
  return rows;
}

async function deleteRows<Schema>(tx: Transaction<Schema>, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`delete from outbox where position = any(${rows.map(({ position }) => position)}::int8[])`.execute(tx);
}
