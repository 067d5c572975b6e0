import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MigrationDirectory } from './migration-files.ts';

/** Tables that every schema has, in the order in which they are made. */
const shared = ['events', 'idempotency'];

/** The migrations of a schema: what libs bring to each, then its service's own where it has any. */
export function migrationDirectories(schema: string): MigrationDirectory[] {
  const directories = shared.map(source => ({ source, path: path(`libs/${source}/migrations`) }));
  const own = path(`services/${schema}/migrations`);
  return existsSync(own) ? [...directories, { source: schema, path: own }] : directories;
}

function path(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}
