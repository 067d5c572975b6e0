// Calls that carry a request_id take effect once. The answer is stored in the transaction of the effect, so both are
// there or neither is; nothing is claimed before. A second call with the same id waits on the first one's row:
//
//   first call    begin · insert row · effect · store answer · commit
//   second call   begin · insert row ──waits──────────────────────▶ taken: reads the answer, runs nothing
//
// If the first call fails, its row is undone with everything else, and the second runs the effect.

import { createHash } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import { DomainError } from '../errors/index.ts';

/** How long an answer is kept: a client may retry for a day and more, across a weekend's queue of its own. */
export const retentionHours = 48;

/** What makes two calls the same call. */
export interface IdempotentCall {
  /** Tenant of the principal; empty for the platform's. Ids of one tenant never meet those of another. */
  readonly tenant: string;
  /** "package.Service/Method". */
  readonly method: string;
  /** The caller's id; empty means that the call is not to be remembered. */
  readonly requestId: string;
  /** The request in canonical bytes, without fields that may differ between retries. */
  readonly request: Uint8Array;
}

/** An answer, and whether it comes from an earlier call. */
export interface IdempotentAnswer {
  /** True if the effect did not run now; secrets that were shown once are not in `response`. */
  readonly replayed: boolean;
  readonly response: Uint8Array;
}

/**
 * Runs `effect` unless a call with this id did; its answer, which must not hold a secret, is stored and given to
 * every later call with the same id and request for 48 hours. `effect` must change nothing but through `tx`.
 * Throws DomainError REQUEST_ID_REUSED if the id came before with another request; throws what `effect` throws, and
 * then nothing is remembered.
 */
export async function idempotent<Schema>(
  tx: Transaction<Schema>,
  call: IdempotentCall,
  effect: () => Promise<Uint8Array>,
): Promise<IdempotentAnswer> {
  if (call.requestId === '') return { replayed: false, response: await effect() };
  const hash = createHash('sha256').update(call.request).digest();
  if (await claim(tx, call, hash)) {
    const response = await effect();
    await storeResponse(tx, call, response);
    return { replayed: false, response };
  }
  const earlier = await readEarlier(tx, call);
  if (!earlier.request_sha256.equals(hash)) {
    throw new DomainError(
      'REQUEST_ID_REUSED',
      'request_id was used before with another request; take a new one for each new request.',
      { metadata: { request_id: call.requestId } },
    );
  }
  return { replayed: true, response: new Uint8Array(earlier.response) };
}

/** Deletes up to `limit` answers that are past their time; returns how many. */
export async function deleteExpired<Schema>(db: Kysely<Schema>, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency
     where (tenant, method, request_id) in (
       select tenant, method, request_id from idempotency
        where expire_time <= now() order by expire_time limit ${limit} for update skip locked
     )
  `.execute(db);
  return Number(numAffectedRows ?? 0);
}

/**
 * Takes the row, also over one that has expired; false if an earlier call has it. Waits while the transaction of
 * another call holds it.
 */
async function claim<Schema>(tx: Transaction<Schema>, call: IdempotentCall, hash: Buffer): Promise<boolean> {
  const { rows } = await sql`
    insert into idempotency as earlier (tenant, method, request_id, request_sha256, expire_time)
    values (${call.tenant}, ${call.method}, ${call.requestId}, ${hash}, now() + make_interval(hours => ${retentionHours}))
    on conflict (tenant, method, request_id) do update
      set request_sha256 = excluded.request_sha256, response = null, expire_time = excluded.expire_time
      where earlier.expire_time <= now()
    returning 1
  `.execute(tx);
  return rows.length === 1;
}

async function storeResponse<Schema>(
  tx: Transaction<Schema>,
  call: IdempotentCall,
  response: Uint8Array,
): Promise<void> {
  await sql`
    update idempotency set response = ${Buffer.from(response)}
     where tenant = ${call.tenant} and method = ${call.method} and request_id = ${call.requestId}
  `.execute(tx);
}

interface Earlier {
  request_sha256: Buffer;
  response: Buffer;
}

async function readEarlier<Schema>(tx: Transaction<Schema>, call: IdempotentCall): Promise<Earlier> {
  const { rows } = await sql<Earlier>`
    select request_sha256, response from idempotency
     where tenant = ${call.tenant} and method = ${call.method} and request_id = ${call.requestId}
       and response is not null
  `.execute(tx);
  const [row] = rows;
  // It expired and was deleted between two statements, or this transaction claimed it itself and has not finished.
  if (!row) throw new DomainError('CONCURRENT_CHANGE', 'The first call with this request_id is not over; retry.');
  return row;
}
