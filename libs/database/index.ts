/** Postgres: an open schema, transactions that retry, what its failures mean, pages, migrations. */
export { type Database, type DatabaseOptions, openDatabase } from './database.ts';
export { asDomainError, isCollision, isUnavailable, isUniqueViolation, sqlState } from './failure.ts';
export { listen } from './listen.ts';
export { type MigrateOptions, migrate } from './migrate.ts';
export { migrationDirectories } from './migration-directories.ts';
export { type MigrationDirectory, MigrationError } from './migration-files.ts';
export { cutPage, decodePageToken, encodePageToken, type PageKey, type PageQuery, pageSize } from './page-token.ts';
export type { PoolFigures } from './pool.ts';
export { withTransaction } from './transaction.ts';
