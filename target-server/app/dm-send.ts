import type { JournalEntry } from "../delivery/journal.ts";
import { messageId } from "../message.ts";
import type { AcceptSteps, Policies } from "../policies.ts";
import type { Application, SendOutcome } from "./application.ts";
import { isText, readObject } from "./json-body.ts";

export const DIRECT_MESSAGES = "/queue/direct-messages";
const ID_MAX = 128;

export interface DmSendServices extends AcceptSteps<JournalEntry> {
  readonly serverId: string;
  readonly policies: Policies;
}

/**
 * `SEND /app/dm.send` with `{"recipientId":"…","content":"…"}`: stored, then to `/user/queue/direct-messages` of the
 * recipient and, as an echo, of every session of the sender (A42).
 */
export function dmSend(services: DmSendServices): Application {
  const { serverId, policies } = services;
  return {
    prefix: "/app/dm.send",
    async handle({ user, headers, body }, rest): Promise<SendOutcome> {
      if (rest !== "") return { how: "forbidden", reason: "unknown destination" };
      const given = readObject(body, ["recipientId", "content"]);
      const { recipientId, content } = given ?? {};
      if (!isText(recipientId, ID_MAX) || /[\s/]/.test(recipientId) || !isText(content)) {
        return { how: "rejected", reason: 'the body must be {"recipientId":"<user>","content":"<text>"}' };
      }
      const id = messageId();
      const clientMessageId = policies.clientMessageId(headers["client-message-id"], id);
      if (!isText(clientMessageId, ID_MAX)) {
        return { how: "rejected", reason: `client-message-id must have 1 to ${ID_MAX} characters` };
      }
      const ts = Date.now();
      const payload = JSON.stringify({ id, senderId: user, recipientId, content, ts });
      const readers = user === recipientId ? [user] : [recipientId, user];
      const entry: JournalEntry = {
        id,
        roomId: recipientId,
        rows: readers.map((reader) => ({
          user: reader,
          queue: DIRECT_MESSAGES,
          payload,
          isRead: reader === user,
        })),
        directMessage: { senderId: user, recipientId, clientMessageId, content, ts, serverId },
      };
      const persisted = await policies.accept(entry, services);
      return persisted.how === "stored" || persisted.how === "duplicate" ? { how: "accepted" } : persisted;
    },
  };
}
