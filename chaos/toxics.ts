import type { Link, Stream, Toxic } from "./topology.ts";

/** What a fault offers as its parameter `stream`. */
export const STREAMS = ["both", "upstream", "downstream"] as const;

export function streamsOf(stream: string): readonly Stream[] {
  return stream === "both" ? ["upstream", "downstream"] : [stream as Stream];
}

let made = 0;

/**
 * One toxic on each of the streams, under a name that nobody else has. The undo removes them and may run twice; when
 * one cannot be added, the others are removed again.
 */
export async function addToxics(
  link: Link,
  toxic: Pick<Toxic, "type" | "attributes">,
  stream: string,
): Promise<AsyncDisposable> {
  const label = `${toxic.type}-${++made}`;
  const toxics = streamsOf(stream).map((each) => ({ ...toxic, name: `${label}-${each}`, stream: each }));
  const undo = async () => {
    for (const { name } of toxics) await link.removeToxic(name);
  };
  try {
    for (const each of toxics) await link.addToxic(each);
  } catch (error) {
    await undo();
    throw error;
  }
  return { [Symbol.asyncDispose]: undo };
}

/** The quicker of two: a busy machine must not pass for a thin link. 0 when nothing passes at all. */
export async function quickestCarryMs(link: Link, bytes: number, stream: Stream): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 2; i++) {
    quickest = Math.min(quickest, (await link.carryMs(bytes, stream, 1_500)) ?? quickest);
  }
  return Number.isFinite(quickest) ? quickest : 0;
}
