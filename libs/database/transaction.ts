import { setTimeout as sleep } from 'node:timers/promises';
import type { IsolationLevel, Kysely, Transaction } from 'kysely';
import { concurrentChange, isCollision } from './failure.ts';

/** How often a transaction that collided is run in all. */
const attempts = 5;
const firstDelayMs = 10;

/**
 * Runs `work` in a transaction and commits; rolls back if it throws. A transaction that collided with another
 * (serialization failure, deadlock) is run again, so `work` must do nothing that the rollback does not undo. Throws
 * what `work` throws, DomainError DEPENDENCY_UNAVAILABLE where Postgres is away (if it went away during the commit,
 * whether the work took effect is unknown), CONCURRENT_CHANGE where it collided five times. Read committed unless
 * an isolation level is given.
 */
export async function withTransaction<Schema, Result>(
  db: Kysely<Schema>,
  work: (tx: Transaction<Schema>) => Promise<Result>,
  isolation?: IsolationLevel,
): Promise<Result> {
  const transaction = isolation ? db.transaction().setIsolationLevel(isolation) : db.transaction();
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction.execute(work);
    } catch (error) {
      if (!isCollision(error)) throw error;
      if (attempt === attempts) throw concurrentChange(error);
      // Full jitter: those who collided must not meet again at the same moment.
      await sleep(Math.random() * firstDelayMs * 2 ** attempt);
    }
  }
}
