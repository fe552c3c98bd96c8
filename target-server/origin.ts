/**
 * Is this Origin on the list? Compared by parsed scheme, host and port, never by text: `https://app.example.com.evil.io`
 * and `https://evil.io/https://app.example.com` must not pass (A4, B140). Entries are exact origins;
 * `*.` stands for exactly one label, `:*` for any port.
 */
export function originIsAllowed(origin: string, allowed: readonly string[]): boolean {
  const given = parseOrigin(origin);
  return given !== undefined && allowed.some((entry) => matches(given, entry));
}

interface Origin {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
}

function parseOrigin(origin: string): Origin | undefined {
  const url = URL.parse(origin);
  // A real Origin has no path, no user and no query: then it equals its own serialisation.
  if (url === null || url.origin !== origin.toLowerCase()) return undefined;
  return { scheme: url.protocol, host: url.hostname, port: url.port };
}

function matches(given: Origin, entry: string): boolean {
  const anyPort = entry.endsWith(":*");
  const url = URL.parse((anyPort ? entry.slice(0, -2) : entry).replace("://*.", "://any-label."));
  if (url === null || url.protocol !== given.scheme) return false;
  if (!anyPort && url.port !== given.port) return false;
  if (!entry.includes("://*.")) return url.hostname === given.host;
  const [label, ...rest] = given.host.split(".");
  return label !== "" && rest.join(".") === url.hostname.slice("any-label.".length);
}
