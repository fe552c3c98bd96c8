import type { HttpAnswer, HttpAsked } from "../model/examiner.ts";

/** One HTTP request on a connection of its own. Rejects when nothing answers in time. */
export async function request(
  url: string,
  { method = "GET", headers = {}, body, withinMs }: HttpAsked & { readonly withinMs: number },
): Promise<HttpAnswer> {
  const answer = await fetch(url, {
    method,
    headers: { ...headers, connection: "close" },
    signal: AbortSignal.timeout(withinMs),
    redirect: "manual",
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
}
