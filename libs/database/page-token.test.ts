import test from 'ava';
import fc from 'fast-check';
import { DomainError } from '../errors/index.ts';
import { cutPage, decodePageToken, encodePageToken, pageSize } from './page-token.ts';

const query = { parent: 'tenants/acme', filter: 'state = RUNNING' };

const isRefused = (error: unknown) => error instanceof DomainError && error.reason === 'INVALID_PAGE_TOKEN';

test('a token gives back the key it was made from, whatever the key holds', t => {
  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.integer());
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), after => {
      t.deepEqual(decodePageToken(encodePageToken({ query, after }), query), after);
    }),
  );
});

test('the empty token means the first page', t => {
  t.is(decodePageToken('', query), undefined);
});

test('a token of another parent or filter is refused', t => {
  const token = encodePageToken({ query, after: ['cache'] });
  for (const other of [{ ...query, parent: 'tenants/other' }, { ...query, filter: '' }, {}]) {
    t.true(isRefused(t.throws(() => decodePageToken(token, other))));
  }
});

test('the order in which a query is written does not matter, nor do absent values', t => {
  const token = encodePageToken({ query, after: [1] });
  t.deepEqual(decodePageToken(token, { filter: query.filter, order: undefined, parent: query.parent }), [1]);
});

test('a malformed or altered token is refused', t => {
  const altered = Buffer.from(
    Buffer.from(encodePageToken({ query, after: ['b'] }), 'base64url')
      .toString()
      .replace('"b"', '"c"'),
  ).toString('base64url');
  for (const token of ['x', 'bnVsbA', 'e30', 'W10', 'WzFd', altered, '\u0000', 'A'.repeat(5_000)]) {
    t.true(isRefused(t.throws(() => decodePageToken(token, query))), token.slice(0, 20));
  }
});

test('a page has 50 rows where the caller leaves it open, and never more than 500', t => {
  t.deepEqual([0, -1, 1, 500, 501, 2 ** 31 - 1].map(pageSize), [50, 50, 1, 500, 500, 500]);
});

test('only a page with rows behind it has a next token', t => {
  const keyOf = (row: number) => [row];
  t.deepEqual(cutPage([1, 2], 2, query, keyOf), { rows: [1, 2], nextPageToken: '' });
  t.deepEqual(cutPage([], 2, query, keyOf), { rows: [], nextPageToken: '' });
  const { rows, nextPageToken } = cutPage([1, 2, 3], 2, query, keyOf);
  t.deepEqual(rows, [1, 2]);
  t.deepEqual(decodePageToken(nextPageToken, query), [2]);
});
