import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePayload } from "./payload.ts";

const shape = {
  content: { kind: "text", charactersMax: 5 },
  typing: { kind: "flag", optional: true },
} as const;

test.each(['{"content":""}', '{"content":"hello"}', '{"typing":true,"content":"é"}'])(
  "A50: %s is taken",
  (body) => {
    expect(parsePayload(body, shape)).toEqual(JSON.parse(body));
  },
);

test.each([
  "",
  "{",
  "null",
  "[]",
  "7",
  '"content"',
  "{}",
  '{"content":1}',
  '{"content":null}',
  '{"content":"a","typing":"yes"}',
  '{"content":"a","senderId":"eve"}',
  '{"content":"a","ts":1}',
  '{"content":"a","__proto__":{}}',
  '{"constructor":"a","content":"a"}',
  '{"content":"sixsix"}',
  '{"content":"\\u0000"}',
])("A50, A23, B170: %s is refused", (body) => {
  expect(parsePayload(body, shape)).toBeUndefined();
});

test("B170: no body makes it throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      parsePayload(body, shape);
    }),
  );
});
