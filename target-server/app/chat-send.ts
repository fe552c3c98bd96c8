import { isRoomName } from "../destinations.ts";
import { type ChatMessage, messageId } from "../message.ts";
import type { AcceptSteps, Policies } from "../policies.ts";
import type { Application, SendOutcome } from "./application.ts";

const CLIENT_MESSAGE_ID_MAX = 128;

export interface ChatSendServices extends AcceptSteps {
  readonly serverId: string;
  readonly policies: Policies;
  /** Why no message can be taken now; undefined when it can. */
  overloaded(): string | undefined;
}

/** `SEND /app/chat.send/{room}` with `{"content":"…"}`: stored, sequenced, and broadcast to the room (A41, A79). */
export function chatSend(services: ChatSendServices): Application {
  return {
    prefix: "/app/chat.send/",
    async handle({ user, headers, body }, roomId): Promise<SendOutcome> {
      if (!isRoomName(roomId) || !services.policies.maySend(user, roomId)) {
        return { how: "forbidden", reason: "not allowed to send here" };
      }
      const content = readContent(body);
      if (content === undefined) return { how: "rejected", reason: 'the body must be {"content":"<text>"}' };
      const id = messageId();
      const clientMessageId = headers["client-message-id"] ?? id;
      if (
        clientMessageId === "" ||
        clientMessageId.length > CLIENT_MESSAGE_ID_MAX ||
        clientMessageId.includes("\0")
      ) {
        return {
          how: "rejected",
          reason: `client-message-id must have 1 to ${CLIENT_MESSAGE_ID_MAX} characters`,
        };
      }
      const overloaded = services.overloaded();
      if (overloaded !== undefined) return { how: "rejected", reason: overloaded };

      const message: ChatMessage = {
        id,
        roomId,
        senderId: user,
        clientMessageId,
        content,
        ts: Date.now(),
        serverId: services.serverId,
      };
      const persisted = await services.policies.accept(message, services);
      return persisted.how === "stored" || persisted.how === "duplicate" ? { how: "accepted" } : persisted;
    },
  };
}

/** Exactly one key, and no NUL, which Postgres' text cannot hold (A50). */
function readContent(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Object.keys(value).join() !== "content")
    return undefined;
  const { content } = value as { content: unknown };
  return typeof content === "string" && !content.includes("\0") ? content : undefined;
}
