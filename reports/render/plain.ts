/**
 * Text that came from outside (close reasons, log lines, names) made safe to show: control characters, which can
 * steer a terminal, and bidirectional overrides, which can make text read as something else, become U+FFFD, and
 * so does half of a surrogate pair. Line ends and tabs stay when `lines` is set, else they become spaces.
 */
export function plain(text: string, lines = false): string {
  const seen = text.toWellFormed().replace(UNSAFE, "\uFFFD");
  return lines ? seen.replaceAll("\r\n", "\n") : seen.replace(/[\r\n\t]+/g, " ");
}

/** C0 without tab, line feed and carriage return; DEL and C1; bidirectional controls; U+FFFE and U+FFFF. */
const UNSAFE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

/** At most `max` characters; an ellipsis says that there was more. */
export function clip(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
}
