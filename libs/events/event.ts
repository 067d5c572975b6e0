// The envelope of an event: what a service writes beside its change, what JetStream carries, and what audit records.
// It is JSON with a version; decoding checks every field, because a consumer must be able to tell a message that it
// will never understand from one that it merely failed to handle.

import { createHash, randomUUID } from 'node:crypto';

/** Who acted. */
export interface Actor {
  /** "user:<id>", "key:<id>" or "service:<name>". */
  readonly principal: string;
  /** Id of the principal's tenant; empty for the platform's. */
  readonly tenant: string;
  /** The role it acted in; empty for a service. */
  readonly role: string;
}

/** How an action ended. */
export type Outcome = 'SUCCEEDED' | 'DENIED';

/** One action of one service. */
export interface Event {
  /** UUID; the same in every copy of the event. */
  readonly eventId: string;
  /** What was done, for example "backend.node.create": lower case words between dots. */
  readonly type: string;
  readonly occurTime: Date;
  /** Id of the tenant it concerns; empty where it concerns the platform. */
  readonly tenant: string;
  readonly actor: Actor;
  /** "package.Service/Method"; empty where none was called. */
  readonly method: string;
  /** Resource names that it concerns. */
  readonly resources: readonly string[];
  readonly outcome: Outcome;
  /** The error reason of a denial; empty otherwise. */
  readonly reason: string;
  /** x-request-id of the call; empty where none was. */
  readonly requestId: string;
  /** The client's address; empty where unknown. */
  readonly clientAddress: string;
  /** Facts about the action, without secrets. */
  readonly details: Readonly<Record<string, string>>;
}

/** An event as a service states it; what is left out is made or empty, and the outcome is SUCCEEDED. */
export type NewEvent = Pick<Event, 'type' | 'tenant' | 'actor' | 'resources'> & Partial<Event>;

const typePattern = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const largestDetail = 2_048;
const mostDetails = 32;
const mostResources = 100;
const version = 1;

/**
 * A complete event. Details longer than 2,048 characters are cut, and the SHA-256 of the whole stands beside them
 * under "<name>.sha256". Throws TypeError for what only a mistake in our code can produce: a malformed type or id, more
 * than 100 resources or 32 details.
 */
export function createEvent(given: NewEvent): Event {
  const event: Event = {
    eventId: randomUUID(),
    occurTime: new Date(),
    method: '',
    outcome: 'SUCCEEDED',
    reason: '',
    requestId: '',
    clientAddress: '',
    ...given,
    details: cutDetails(given.details ?? {}),
  };
  if (!typePattern.test(event.type)) throw new TypeError(`"${event.type}" is no type of an event.`);
  if (!uuidPattern.test(event.eventId)) throw new TypeError(`"${event.eventId}" is no id of an event.`);
  if (event.resources.length > mostResources) throw new TypeError(`${event.type} names too many resources.`);
  return event;
}

/** The event as it is stored and published. */
export function encodeEvent(event: Event): string {
  return JSON.stringify({ version, ...event });
}

/** Reads an envelope; undefined if it is none, or of a version that this build does not know. */
export function decodeEvent(data: Uint8Array): Event | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    return isRecord(value) && value.version === version ? readEvent(value) : undefined;
  } catch {
    // Not UTF-8 or not JSON: told by the missing event.
    return undefined;
  }
}

function readEvent(value: Record<string, unknown>): Event | undefined {
  const {
    eventId,
    type,
    occurTime,
    tenant,
    actor,
    method,
    resources,
    outcome,
    reason,
    requestId,
    clientAddress,
    details,
  } = value;
  const texts = { tenant, method, reason, requestId, clientAddress };
  if (!isText(eventId) || !uuidPattern.test(eventId) || !isText(type) || !typePattern.test(type)) return undefined;
  if (!isText(occurTime) || Number.isNaN(Date.parse(occurTime))) return undefined;
  if (outcome !== 'SUCCEEDED' && outcome !== 'DENIED') return undefined;
  if (!isTextRecord(texts) || !isActor(actor) || !isTextRecord(details)) return undefined;
  if (!Array.isArray(resources) || !resources.every(isText)) return undefined;
  return { eventId, type, occurTime: new Date(occurTime), ...texts, actor, resources, outcome, details };
}

function cutDetails(details: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(details);
  if (entries.length > mostDetails) throw new TypeError('An event has too many details.');
  return Object.fromEntries(
    entries.flatMap(([name, text]) => {
      // Postgres stores no NUL in a text; one in a client's name must not park the event.
      const value = text.replaceAll('\0', '\ufffd');
      if (value.length <= largestDetail) return [[name, value]];
      const digest = createHash('sha256').update(value).digest('hex');
      return [
        [name, value.slice(0, largestDetail)],
        [`${name}.sha256`, digest],
      ];
    }),
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextRecord<Key extends string>(value: Record<Key, unknown>): value is Record<Key, string>;
function isTextRecord(value: unknown): value is Record<string, string>;
function isTextRecord(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every(isText);
}

function isActor(value: unknown): value is Actor {
  return isRecord(value) && isText(value.principal) && isText(value.tenant) && isText(value.role);
}
