/** The three versions of STOMP, best first. They differ in header escaping, line ends and heart-beats. */
export const versions = ["1.2", "1.1", "1.0"] as const;
export type Version = (typeof versions)[number];

/** Header names are case-sensitive. Decoded headers have no prototype, so a header called `__proto__` is plain data. */
export type Headers = Readonly<Record<string, string>>;

/** One STOMP frame. The body is text: this protocol's users send JSON, and binary is refused before (A62). */
export interface Frame {
  readonly command: string;
  readonly headers: Headers;
  readonly body: string;
}

export function frame(command: string, headers: Headers = {}, body = ""): Frame {
  return { command, headers, body };
}

/**
 * The best version both sides speak. A client that names none speaks 1.0 (STOMP 1.1, "Protocol Negotiation").
 * Undefined where there is none in common.
 */
export function negotiateVersion(acceptVersion: string | undefined): Version | undefined {
  const offered = (acceptVersion ?? "1.0").split(",").map((version) => version.trim());
  return versions.find((version) => offered.includes(version));
}
