/** Is it an address of one of these kinds: `ws://…`, `http://…`, with or without TLS? */
export function isAddress(text: string, kind: "ws" | "http"): boolean {
  return URL.canParse(text) && new RegExp(`^${kind}s?:$`).test(new URL(text).protocol);
}
