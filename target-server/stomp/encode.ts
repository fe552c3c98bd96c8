import { escapeHeader, escapingOf } from "./escape.ts";
import type { Frame, Version } from "./frame.ts";
import { utf8Length } from "./utf8.ts";

/**
 * The frame's text, its final NUL included. A body always gets its `content-length` in UTF-8 bytes, so that it may
 * contain NUL; headers keep their order.
 */
export function encode(frame: Frame, version: Version = "1.2"): string {
  const escaping = escapingOf(frame.command, version);
  let text = `${frame.command}\n`;
  for (const [name, value] of Object.entries(frame.headers)) {
    if (name === "content-length") continue;
    text += `${escapeHeader(name, escaping, "name")}:${escapeHeader(value, escaping, "value")}\n`;
  }
  if (frame.body !== "") text += `content-length:${utf8Length(frame.body)}\n`;
  return `${text}\n${frame.body}\0`;
}
