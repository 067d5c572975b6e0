import type { RequestContext } from '../context/index.ts';
import { createEvent, type Event, type NewEvent } from './event.ts';

/**
 * The event of an action that a call asked for: who acted, by which method, from where, come from the call's context.
 * Throws TypeError for a call without a principal, which may do nothing that leaves a record.
 */
export function eventOf(context: RequestContext, facts: Omit<NewEvent, 'actor'>): Event {
  const { principal, method, requestId, clientAddress } = context;
  if (!principal) throw new TypeError(`${method} has no principal to record.`);
  const actor = { principal: principal.subject, tenant: principal.tenant, role: principal.role ?? '' };
  return createEvent({ method, requestId, clientAddress, ...facts, actor });
}
