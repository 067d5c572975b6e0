/** Events: written with the change they tell (outbox), carried by JetStream, taken once by each consumer (inbox). */
export { eventOf } from './context-event.ts';
export { type Actor, createEvent, decodeEvent, type Event, encodeEvent, type NewEvent, type Outcome } from './event.ts';
export { appendEvent, type Backlog, outboxBacklog } from './outbox.ts';
