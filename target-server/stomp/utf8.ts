/**
 * UTF-8 by hand, because k6 has neither TextEncoder nor TextDecoder. Strict: what is not UTF-8 is undefined, since
 * a replacement character would silently change what was sent.
 */

/** Undefined where the bytes are not well-formed UTF-8 (overlong forms and surrogates included). */
export function decodeUtf8(bytes: Uint8Array, from = 0, to = bytes.length): string | undefined {
  let text = "";
  let units: number[] = [];
  let at = from;
  while (at < to) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      units.push(lead);
      at += 1;
    } else {
      const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
      if (lead < 0xc2 || lead > 0xf4 || at + size > to) return undefined;
      let point = lead & (0x7f >> size);
      for (let n = 1; n < size; n++) {
        const next = bytes[at + n]!;
        if (next >> 6 !== 0b10) return undefined;
        point = (point << 6) | (next & 0x3f);
      }
      const least = size === 4 ? 0x10000 : size === 3 ? 0x800 : 0x80;
      if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
      if (point > 0xffff) {
        units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      } else {
        units.push(point);
      }
      at += size;
    }
    if (units.length >= 4096) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** A lone surrogate has no UTF-8; it becomes U+FFFD, as TextEncoder does it. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  for (let n = 0; n < text.length; n++) {
    const point = wholePoint(text, n);
    if (point < 0x80) {
      bytes[at++] = point;
      continue;
    }
    if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
    } else {
      if (point < 0x10000) {
        bytes[at++] = 0xe0 | (point >> 12);
      } else {
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
        n++;
      }
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (point & 0x3f);
  }
  return bytes;
}

/** Bytes of the text in UTF-8: what `content-length` counts. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let n = 0; n < text.length; n++) {
    const unit = text.charCodeAt(n);
    if (unit < 0x80) continue;
    const point = wholePoint(text, n);
    bytes += point < 0x800 ? 1 : 2;
    if (point > 0xffff) n++;
  }
  return bytes;
}

function wholePoint(text: string, at: number): number {
  const point = text.codePointAt(at)!;
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}
