import http from "node:http";

/** The status that a GET is answered with; undefined when there is no answer in time. The body is thrown away. */
export function httpStatus(url: string, timeoutMs: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const request = http.get(url, { agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  request.on("error", () => resolve(undefined));
  return promise.finally(() => {
    clearTimeout(timer);
    request.destroy();
  });
}
