/** Parameters whose values let somebody in. */
const secretNames: readonly string[] = ["token", "ticket", "access_token"];

/**
 * A request's target as it may be logged (A29). By decoded name, as the server itself reads it: `%74oken=` is a token
 * too.
 */
export function redact(target: string): string {
  const at = target.indexOf("?");
  if (at < 0) return target;
  const pairs = target.slice(at + 1).split("&");
  return `${target.slice(0, at)}?${pairs.map(redactPair).join("&")}`;
}

function redactPair(pair: string): string {
  // URLSearchParams drops a leading "?", which inside a query is part of the name
  const [name] = new URLSearchParams(`&${pair}`).keys();
  return name !== undefined && secretNames.includes(name.toLowerCase()) ? `${name}=redacted` : pair;
}
