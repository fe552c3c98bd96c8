import { LAST_SEEN, readSequence } from "../delivery/entering.ts";
import { isRoomName } from "../destinations.ts";
import type { Application, SendOutcome } from "./application.ts";

/**
 * `SEND /app/room.resume/{room}` with the header `last-seen-sequence`: replays what came after it to the subscription
 * that this session has; the RECEIPT comes after it (A107). Whoever subscribed may hear the room, so nothing is asked.
 */
export const roomResumeApplication: Application = {
  prefix: "/app/room.resume/",
  async handle({ headers, session }, roomId): Promise<SendOutcome> {
    if (!isRoomName(roomId)) return { how: "forbidden", reason: "unknown destination" };
    const lastSeen = readSequence(headers[LAST_SEEN]);
    if (typeof lastSeen !== "number")
      return { how: "rejected", reason: `${LAST_SEEN} must be a whole number` };
    return (await session.resume(roomId, lastSeen))
      ? { how: "accepted" }
      : { how: "rejected", reason: "subscribe to the room first" };
  },
};
