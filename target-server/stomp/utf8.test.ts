import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8, utf8Length } from "./utf8.ts";

const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});

test("A34: our UTF-8 is the platform's, lone surrogates included", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const expected = new TextEncoder().encode(text);
      expect(encodeUtf8(text)).toEqual(expected);
      expect(utf8Length(text)).toBe(expected.length);
    }),
  );
});

test("A34: our strict decoder accepts and refuses what the platform's does", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    anyText.map((text) => new TextEncoder().encode(text)),
    fc
      .array(fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0x41), {
        maxLength: 8,
      })
      .map((some) => Uint8Array.from(some)),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      let expected: string | undefined;
      try {
        expected = strict.decode(some);
      } catch {
        expected = undefined;
      }
      expect(decodeUtf8(some)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("A34: a long text crosses the chunks it is built from", () => {
  const text = "aé€𝄞".repeat(5_000);
  expect(decodeUtf8(encodeUtf8(text))).toBe(text);
});
