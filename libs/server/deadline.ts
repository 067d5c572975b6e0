import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerMethodDefinition,
} from '@grpc/grpc-js';

/** Metadata key under which handlers find the caller's deadline, in milliseconds of Date.now. Never taken from the wire. */
export const deadlineHeader = 'x-miniredis-deadline-ms';

/** grpc-js interceptor: nice-grpc shows handlers no deadline, so it is put where they can read it. */
export function exposeDeadline(
  _method: ServerMethodDefinition<unknown, unknown>,
  call: ServerInterceptingCallInterface,
): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start(next) {
      next({
        onReceiveMetadata(metadata: Metadata, forward: (metadata: Metadata) => void) {
          metadata.remove(deadlineHeader);
          const deadline = call.getDeadline();
          const at = deadline instanceof Date ? deadline.getTime() : deadline;
          if (Number.isFinite(at)) metadata.set(deadlineHeader, String(Math.floor(at)));
          forward(metadata);
        },
      });
    },
  });
}
