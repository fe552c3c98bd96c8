import { within } from "../deadline.ts";
import type { LinkFrames } from "../topology.ts";
import type { FrameRule, RuleState } from "./rule.ts";

const API_DEADLINE_MS = 4_000;

/** The frames of one link of a running frame proxy; `apiUrl` is of its control port. Every call has a deadline. */
export function linkFrames(apiUrl: string, linkName: string): LinkFrames {
  const rules = `${apiUrl}/links/${encodeURIComponent(linkName)}/rules`;
  return {
    async disturb(rule: FrameRule) {
      const made = await call<{ id: string }>(rules, { method: "POST", body: JSON.stringify(rule) });
      if (made === undefined) throw new Error(`the frame proxy has no link ${linkName}`);
      return made.id;
    },
    state: (id) => call<RuleState>(`${rules}/${id}`, {}),
    lift: (id) => call<RuleState>(`${rules}/${id}`, { method: "DELETE" }),
  };
}

/** Undefined for 404. */
async function call<T>(url: string, init: RequestInit): Promise<T | undefined> {
  const asking = fetch(url, { ...init, signal: AbortSignal.timeout(API_DEADLINE_MS) });
  const response = await within(API_DEADLINE_MS, "the frame proxy's answer", asking);
  const body = await response.json();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the frame proxy answered ${response.status}: ${JSON.stringify(body)}`);
  return body as T;
}
