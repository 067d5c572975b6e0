import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import type { DatabaseOptions } from './database.ts';

const retryMs = 500;

/**
 * Calls `onNotify` for each NOTIFY on a channel, and each time it has (re)connected, because what was sent in between
 * is lost: it wakes, it proves nothing. Keeps one connection of its own and reconnects by itself; resolves when
 * `signal` aborts.
 */
export async function listen(
  { url, applicationName }: DatabaseOptions,
  channel: string,
  onNotify: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const client = new Client({
      connectionString: url,
      application_name: `${applicationName} listen`,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    const ended = new Promise<void>(resolve => client.once('end', resolve));
    // The connection's end says all that matters here; without a listener the event would end the process.
    client.on('error', () => undefined);
    client.on('notification', onNotify);
    const stop = () => void client.end().catch(() => undefined);
    signal.addEventListener('abort', stop);
    try {
      await client.connect();
      await client.query(`listen ${escapeIdentifier(channel)}`);
      onNotify();
      await ended;
    } catch {
      // Postgres is away; whoever polls it tells so. Try again below.
      stop();
    } finally {
      signal.removeEventListener('abort', stop);
    }
    // Aborting ends the wait, which is no error.
    await sleep(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
  }
}
