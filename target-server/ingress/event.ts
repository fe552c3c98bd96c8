import { isUserName } from "../auth.ts";
import { isEventTopic, isUserQueue } from "../destinations.ts";

const KEY_CHARACTERS_MAX = 256;

/** What another system wants said: to one user, or on a topic for events. */
export interface IngressEvent {
  /** Undefined: `destination` is a topic. */
  readonly user: string | undefined;
  readonly destination: string;
  /** JSON text. */
  readonly payload: string;
  /** The producer's own name for the event; undefined where it gave none. */
  readonly key: string | undefined;
}

export type ReadEvent =
  | { readonly event: IngressEvent; readonly mistake?: undefined }
  | { readonly mistake: string; readonly event?: undefined };

/** Of a stream's entry, names and values by turns: `destination`, `payload`, and where there are any `user`, `key`. */
export function readEvent(fields: readonly string[]): ReadEvent {
  const entry = new Map<string, string>();
  for (let n = 0; n + 1 < fields.length; n += 2) entry.set(fields[n]!, fields[n + 1]!);
  const { user, destination, payload, key } = Object.fromEntries(entry) as Partial<Record<string, string>>;
  if (destination === undefined) return { mistake: "no destination" };
  if (payload === undefined || !isJson(payload)) return { mistake: "the payload is no JSON" };
  if (key !== undefined && (key === "" || key.length > KEY_CHARACTERS_MAX)) return { mistake: "bad key" };
  if (user === undefined && !isEventTopic(destination)) return { mistake: "no event topic" };
  if (user !== undefined && !isUserName(user)) return { mistake: "bad user" };
  if (user !== undefined && !isUserQueue(destination)) return { mistake: "no user queue" };
  return { event: { user, destination, payload, key } };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
