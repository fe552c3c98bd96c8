import { expect, test } from "vitest";
import { withSecrets } from "./secrets.ts";

const headers = { login: "{user}", Authorization: "Bearer env:CHAT_TOKEN" };

test("a header takes its secret from the environment", () => {
  expect(withSecrets({ kind: "headers", headers }, { CHAT_TOKEN: "s3cret" })).toEqual({
    kind: "headers",
    headers: { login: "{user}", Authorization: "Bearer s3cret" },
  });
});

test("a variable that is not set is said by name", () => {
  expect(() => withSecrets({ kind: "headers", headers }, {})).toThrow(
    "header Authorization wants CHAT_TOKEN",
  );
});

test("what needs no secret stays as it is", () => {
  const access = { kind: "jwt", secret: "env:X", origin: "https://seaworthy.example" } as const;
  expect(withSecrets(access, {})).toBe(access);
});
