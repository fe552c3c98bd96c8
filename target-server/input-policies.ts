import type { SendOutcome, SendRequest } from "./app/application.ts";
import { type Payload, parsePayload, type Shape } from "./app/payload.ts";

/** What of a client's word is believed. */
export interface InputPolicies {
  /** What a SEND's body says; undefined where it has not exactly the shape of its destination (A50; B170). */
  readPayload<S extends Shape>(body: string, shape: S): Payload<S> | undefined;
  /** Who is named as the author. Healthy: whoever the session belongs to, whatever the body claims (A23; B169). */
  authorOf(user: string, body: string): string;
  /** A SEND to something that is no application, as the broker's own destinations (A32, I78; B174). */
  sendToBroker(request: SendRequest, deliver: (destination: string, body: string) => void): SendOutcome;
}

export const healthyInput: InputPolicies = {
  readPayload: parsePayload,
  authorOf: (user) => user,
  sendToBroker: () => ({ how: "forbidden", reason: "unknown destination" }),
};
