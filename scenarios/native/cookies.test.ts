import { expect, test } from "vitest";
import { cookieHeader, keepCookies } from "./cookies.ts";

test("C52: each client keeps its own cookies, the last value of each", () => {
  const [ann, bob] = [{}, {}];
  keepCookies(ann, ["server=a; Path=/; HttpOnly", "lang=en"]);
  keepCookies(bob, ["server=b"]);
  keepCookies(ann, ["server=c;Max-Age=3600"]);
  expect(cookieHeader(ann)).toEqual({ Cookie: "server=c; lang=en" });
  expect(cookieHeader(bob)).toEqual({ Cookie: "server=b" });
});

test("C52: nothing kept, nothing sent; what is no cookie is passed over", () => {
  const client = {};
  expect(cookieHeader(client)).toEqual({});
  keepCookies(client, ["", "=x", "no value", "; Path=/"]);
  expect(cookieHeader(client)).toEqual({});
  keepCookies(undefined, ["server=a"]);
  expect(cookieHeader(undefined)).toEqual({});
});
