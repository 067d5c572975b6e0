import { createHash, randomUUID } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type { RequestContext } from '../context/index.ts';
import { createEvent, decodeEvent, encodeEvent, eventOf, type NewEvent } from './index.ts';

const given: NewEvent = {
  type: 'backend.node.create',
  tenant: 'acme',
  actor: { principal: 'user:u1', tenant: 'acme', role: 'OWNER' },
  resources: ['tenants/acme/nodes/cache'],
};

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

test('what a service leaves out is made or empty, and the outcome is success', t => {
  const before = Date.now();
  const { eventId, occurTime, ...rest } = createEvent(given);
  t.regex(eventId, /^[0-9a-f-]{36}$/);
  t.true(occurTime.getTime() >= before && occurTime.getTime() <= Date.now());
  const empty = { method: '', reason: '', requestId: '', clientAddress: '', details: {} };
  t.deepEqual(rest, { ...given, ...empty, outcome: 'SUCCEEDED' });
});

test('an event survives the wire, whatever its texts hold', t => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  const details = fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true });
  const property = fc.property(text, text, details, fc.array(text), (reason, requestId, facts, resources) => {
    const event = createEvent({ ...given, outcome: 'DENIED', reason, requestId, details: facts, resources });
    t.deepEqual(decodeEvent(bytes(encodeEvent(event))), event);
  });
  fc.assert(property);
});

test('a long detail is cut and keeps the digest of the whole', t => {
  const value = 'x'.repeat(2_049);
  const { details } = createEvent({ ...given, details: { filter: value, short: 'y' } });
  t.deepEqual(details, {
    filter: 'x'.repeat(2_048),
    'filter.sha256': createHash('sha256').update(value).digest('hex'),
    short: 'y',
  });
});

test('a detail holds no NUL, which Postgres could not store', t => {
  t.deepEqual(createEvent({ ...given, details: { name: 'a\0b' } }).details, { name: 'a\ufffdb' });
});

test('mistakes of ours are refused before they are stored', t => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => String(index));
  const details = Object.fromEntries(many(33).map(name => [name, '']));
  for (const wrong of [
    { type: 'Create node' },
    { type: 'create' },
    { eventId: '1' },
    { resources: many(101) },
    { details },
  ]) {
    t.throws(() => createEvent({ ...given, ...wrong }), { instanceOf: TypeError });
  }
});

test('what is no envelope of this version is told apart', t => {
  const envelope = JSON.parse(encodeEvent(createEvent(given)));
  t.truthy(decodeEvent(bytes(envelope)));
  const broken = [
    { version: 2 },
    { eventId: 'x' },
    { type: 'x' },
    { occurTime: 'yesterday' },
    { tenant: null },
    { outcome: 'MAYBE' },
    { actor: { principal: 'user:u1' } },
    { resources: [1] },
    { details: { size: 1 } },
    { details: [] },
    { requestId: undefined },
  ];
  for (const change of broken) t.is(decodeEvent(bytes({ ...envelope, ...change })), undefined, JSON.stringify(change));
  for (const data of ['', 'null', '[]', '{', '"text"']) t.is(decodeEvent(bytes(data)), undefined, data);
  t.is(decodeEvent(Uint8Array.of(0xff, 0xfe)), undefined);
});

test('an event of a call names who called, by which method and from where', t => {
  const context: RequestContext = {
    requestId: randomUUID(),
    traceparent: '',
    clientAddress: '192.0.2.1',
    principal: { subject: 'key:k1', tenant: 'acme', role: undefined },
    method: 'miniredis.backend.v1.NodeService/CreateNode',
    deadline: undefined,
    signal: new AbortController().signal,
  };
  const { type, tenant, resources } = given;
  const event = eventOf(context, { type, tenant, resources, details: { class: 'small' } });
  t.deepEqual(event.actor, { principal: 'key:k1', tenant: 'acme', role: '' });
  t.is(event.method, context.method);
  t.is(event.requestId, context.requestId);
  t.is(event.clientAddress, '192.0.2.1');
  t.deepEqual(event.details, { class: 'small' });
  t.throws(() => eventOf({ ...context, principal: undefined }, { type, tenant, resources }), { instanceOf: TypeError });
});
