import { SeaworthyError } from "../../errors.ts";
import { ask, DaemonRefused, type Docker } from "./daemon.ts";

/** What a run with containers is made of, a balancer only where there is one; docker-compose.yml names the same. */
export const images = {
  redis: "redis:8",
  postgres: "postgres:17",
  /** Of the frame proxy and the mirror, and what the target server's own image is built on. */
  node: "node:24-slim",
  toxiproxy: "ghcr.io/shopify/toxiproxy:2.12.0",
  nginx: "nginx:1.26",
  haproxy: "haproxy:3.0",
} as const;

/** A pull of the largest of them over a slow line. */
const PULL_DEADLINE_MS = 10 * 60_000;

export async function isHere(docker: Docker, image: string): Promise<boolean> {
  try {
    await ask(`a look at image ${image}`, docker.getImage(image).inspect());
    return true;
  } catch (error) {
    if (error instanceof DaemonRefused && error.status === 404) return false;
    throw error;
  }
}

/**
 * Fetches what is not here. An image that is here is never asked for elsewhere.
 *
 * @throws SeaworthyError SW_IMAGE_MISSING with the daemon's reason.
 */
export async function fetchImages(docker: Docker, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (image) => {
      if (await isHere(docker, image)) return;
      try {
        await toTheEnd(docker, await ask(`fetching ${image}`, docker.pull(image), PULL_DEADLINE_MS));
      } catch (error) {
        throw new SeaworthyError(
          "SW_IMAGE_MISSING",
          `the image ${image} is not here and cannot be fetched: ${(error as Error).message}`,
          `docker pull ${image}, or leave containers out: --run-as processes`,
          { cause: error },
        );
      }
    }),
  );
}

/** Of a pull or a build: rejects with the error that its output ends with. */
export async function toTheEnd(docker: Docker, output: NodeJS.ReadableStream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  docker.modem.followProgress(output, (error: Error | null) => (error ? reject(error) : resolve()));
  await ask("fetching or building an image", promise, PULL_DEADLINE_MS);
}
