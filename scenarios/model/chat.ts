import { inRoom, roomOf } from "./room.ts";
import type { Session } from "./session.ts";

export interface Chat {
  readonly roomSize: number;
  readonly sendDestination: string;
  readonly subscribeDestination: string;
  readonly publishEveryMs: number;
  readonly bodyBytes: number;
}

/** What a chatting user does with one connection: joins the room, talks on schedule, listens to the end, leaves. */
export async function chat(stomp: Session, settings: Chat): Promise<void> {
  const room = roomOf(stomp.client.number, settings.roomSize);
  await stomp.connect();
  await stomp.subscribe(inRoom(settings.subscribeDestination, room));
  await stomp.publish({
    destination: inRoom(settings.sendDestination, room),
    everyMs: settings.publishEveryMs,
    bytes: settings.bodyBytes,
    receipt: true,
  });
  await stomp.stay();
  await stomp.disconnect();
}
