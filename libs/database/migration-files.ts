import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A migration failed or may not run; the message names the file and says what to do. */
export class MigrationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MigrationError';
  }
}

/** Where migrations of one kind lie. Versions count within a source. */
export interface MigrationDirectory {
  /** Name under which they are recorded, for example "events". Never changes. */
  readonly source: string;
  readonly path: string;
}

/** One numbered file. */
export interface MigrationFile {
  readonly source: string;
  readonly version: number;
  /** For messages: "events/000001_create_outbox.sql". */
  readonly label: string;
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly checksum: string;
}

const fileName = /^(\d{6})_[a-z0-9_]+\.sql$/;
/** Statements that would end our transaction and leave half a migration behind; PL/pgSQL has no such line. */
const transactionControl = /^\s*(begin|start\s+transaction|commit|rollback)\s*;/im;

/** The files of a directory in order. Throws MigrationError for a wrong name, a number used twice, or a gap. */
export function readMigrations({ source, path }: MigrationDirectory): MigrationFile[] {
  return readdirSync(path)
    .filter(name => !name.startsWith('.'))
    .sort()
    .map((name, index) => readMigration(source, path, name, index + 1));
}

function readMigration(source: string, path: string, name: string, expected: number): MigrationFile {
  const label = `${source}/${name}`;
  const match = fileName.exec(name);
  if (!match) throw new MigrationError(`${label}: a migration is named NNNNNN_what_it_does.sql.`);
  const version = Number(match[1]);
  if (version !== expected)
    throw new MigrationError(`${label}: its number must be ${expected}, the next one in its folder.`);
  const text = readFileSync(join(path, name), 'utf8');
  if (transactionControl.test(text)) {
    throw new MigrationError(
      `${label}: begins or ends a transaction; each file runs in one transaction, which migrate opens.`,
    );
  }
  return { source, version, label, text, checksum: createHash('sha256').update(text).digest('hex') };
}
