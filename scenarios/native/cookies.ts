/** By whose connections they are; a client that is gone takes its own with it. */
const kept = new WeakMap<object, Map<string, string>>();

/**
 * What a browser would send along: every cookie that an earlier connection of this client was given. One site and one
 * run: attributes (path, age, domain) are not looked at.
 */
export function cookieHeader(owner: object | undefined): Readonly<Record<string, string>> {
  const own = owner && kept.get(owner);
  if (!own || own.size === 0) return {};
  return { Cookie: [...own].map(([name, value]) => `${name}=${value}`).join("; ") };
}

/** Values of `Set-Cookie`. */
export function keepCookies(owner: object | undefined, given: readonly string[]): void {
  if (!owner) return;
  for (const text of given) {
    const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(text) ?? [];
    if (name === undefined || value === undefined) continue;
    let own = kept.get(owner);
    if (!own) {
      own = new Map();
      kept.set(owner, own);
    }
    own.set(name, value.trim());
  }
}
