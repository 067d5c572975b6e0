// Page tokens: where the next page of a list begins. A token is opaque to callers; inside it is the sort key of the
// last row served and a checksum over that key and the query it belongs to, so that a token of another parent or
// filter is refused instead of answering rows nobody asked for. It is no secret and proves nothing: whoever serves
// the page authorizes the call as if it were the first.

import { createHash } from 'node:crypto';
import { DomainError } from '../errors/index.ts';

/** What tells one list from another: parent, filter, order. Values of undefined count as absent. */
export type PageQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** The sort key of a row, column by column; a bigint or a time goes in as text. */
export type PageKey = readonly (string | number)[];

const defaultSize = 50;
const largestSize = 500;

/** How many rows a page has: 50 where the caller leaves it open, at most 500. */
export function pageSize(requested: number): number {
  return requested > 0 ? Math.min(Math.trunc(requested), largestSize) : defaultSize;
}

/** The token of the page that begins after the row with the key `after`. */
export function encodePageToken({ query, after }: { query: PageQuery; after: PageKey }): string {
  return Buffer.from(JSON.stringify([checksum(query, after), ...after])).toString('base64url');
}

/**
 * The key that a page begins after; undefined for the empty token, which means the first page. Throws DomainError
 * INVALID_PAGE_TOKEN for a token that is malformed or belongs to another query.
 */
export function decodePageToken(token: string, query: PageQuery): PageKey | undefined {
  if (token === '') return undefined;
  const [sum, ...after] = parse(token);
  if (!after.every(isKeyPart) || sum !== checksum(query, after)) throw invalidPageToken();
  return after;
}

/**
 * Cuts a page from rows that were read with `limit size + 1`: the rows of the page, and the token of the next one,
 * empty where this is the last.
 */
export function cutPage<Row>(
  rows: readonly Row[],
  size: number,
  query: PageQuery,
  keyOf: (row: Row) => PageKey,
): { rows: Row[]; nextPageToken: string } {
  const page = rows.slice(0, size);
  const last = page.at(-1);
  const hasMore = rows.length > size && last !== undefined;
  return { rows: page, nextPageToken: hasMore ? encodePageToken({ query, after: keyOf(last) }) : '' };
}

function parse(token: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (Array.isArray(value)) return value;
  } catch {
    // Not JSON: not one of ours, and told so below.
  }
  throw invalidPageToken();
}

function isKeyPart(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function checksum(query: PageQuery, after: PageKey): string {
  const facts = Object.entries(query).filter(([, value]) => value !== undefined);
  facts.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([facts, after]))
    .digest('base64url')
    .slice(0, 16);
}

function invalidPageToken(): DomainError {
  return new DomainError(
    'INVALID_PAGE_TOKEN',
    'page_token is not one of this list; leave it empty to begin again, and keep parent and filter while paging.',
    { fields: [{ field: 'page_token', description: 'malformed, or of another query' }] },
  );
}
