import fc from "fast-check";
import { expect, test } from "vitest";
import { clip, plain } from "./plain.ts";

test("A141: what could steer a terminal or turn the reading direction becomes visible", () => {
  expect(plain("a\u001b[31mb\u0007c\u009bd")).toBe("a\uFFFD[31mb\uFFFDc\uFFFDd");
  expect(plain("user\u202etxt.exe")).toBe("user\uFFFDtxt.exe");
  expect(plain("half \ud800 pair, whole 😀 pair")).toBe("half \uFFFD pair, whole 😀 pair");
  expect(plain("one\r\ntwo\tthree")).toBe("one two three");
  expect(plain("one\r\ntwo\tthree", true)).toBe("one\ntwo\tthree");
});

test("A141: nothing below a space survives, whatever came in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(/[\u0000-\u001f\u007f-\u009f]/.test(plain(text))).toBe(false);
      expect(plain(text).isWellFormed()).toBe(true);
    }),
  );
});

test("a clipped text says so and never ends in half a character", () => {
  expect(clip("abcdef", 6)).toBe("abcdef");
  expect(clip("abcdefg", 6)).toBe("abcde…");
  expect(clip("abcd😀fg", 6).isWellFormed()).toBe(true);
});
