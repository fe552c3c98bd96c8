/** The frames of SockJS: one letter, and JSON. */
export const OPEN = "o";
export const HEARTBEAT = "h";

export function messages(texts: readonly string[]): string {
  return `a${JSON.stringify(texts)}`;
}

export function goodbye(code: number, reason: string): string {
  return `c${JSON.stringify([code, reason])}`;
}

/** What a client sends: a JSON array of strings, by WebSocket also one string alone. Undefined: broken. */
export function parseMessages(text: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const all: unknown = typeof value === "string" ? [value] : value;
  return Array.isArray(all) && all.every((one) => typeof one === "string") ? all : undefined;
}
