import type { Version } from "./frame.ts";

/**
 * How headers are written. 1.2 escapes CR, LF, colon and backslash; 1.1 all but CR; 1.0 nothing. CONNECT and
 * CONNECTED are never escaped, in any version, so that both sides can read them before they agree on one.
 */
export type Escaping = Version | "none";

export function escapingOf(command: string, version: Version): Escaping {
  return command === "CONNECT" || command === "CONNECTED" || version === "1.0" ? "none" : version;
}

/**
 * Text of a header name or value for the wire. Where the version cannot express a line end it becomes a space:
 * a value must never be able to start a header of its own.
 */
export function escapeHeader(text: string, escaping: Escaping, part: "name" | "value"): string {
  if (!/[\\\r\n:]/.test(text)) return text;
  if (escaping === "none") {
    return text.replace(part === "name" ? /[\r\n:]/g : /[\r\n]/g, " ");
  }
  return text.replace(/[\\\r\n:]/g, (char) => {
    if (char === "\\") return "\\\\";
    if (char === "\n") return "\\n";
    if (char === ":") return "\\c";
    // A carriage return at the end of a 1.1 value would look like the end of a 1.2 line: 1.1 has no escape for it.
    return escaping === "1.2" ? "\\r" : " ";
  });
}

/** Undefined where an escape is not defined in this version: the frame is then malformed. */
export function unescapeHeader(text: string, escaping: Escaping): string | undefined {
  if (escaping === "none" || !text.includes("\\")) return text;
  let plain = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "\\") {
      plain += text[at];
      continue;
    }
    const code = text[++at];
    if (code === "\\") plain += "\\";
    else if (code === "n") plain += "\n";
    else if (code === "c") plain += ":";
    else if (code === "r" && escaping === "1.2") plain += "\r";
    else return undefined;
  }
  return plain;
}
