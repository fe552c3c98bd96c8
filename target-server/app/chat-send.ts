import { isRoomName } from "../destinations.ts";
import { type Membership, whyNot } from "../membership.ts";
import { type ChatMessage, messageId, risingNowMs } from "../message.ts";
import type { Ordering } from "../ordering/ordering.ts";
import type { Policies } from "../policies.ts";
import type { Application, SendOutcome } from "./application.ts";

const CLIENT_MESSAGE_ID_MAX = 128;
/** How long it may be, MAX_MESSAGE_BYTES says. */
const CHAT_SHAPE = { content: { kind: "text", charactersMax: Number.POSITIVE_INFINITY } } as const;

export interface ChatSendServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly membership: Membership;
  readonly ordering: Pick<Ordering, "inTurn">;
  /** Why no message can be taken now; undefined when it can. */
  overloaded(): string | undefined;
}

/** `SEND /app/chat.send/{room}` with `{"content":"…"}`: stored, sequenced, and broadcast to the room (A41, A79). */
export function chatSend(services: ChatSendServices): Application {
  return {
    prefix: "/app/chat.send/",
    async handle({ user, headers, body }, roomId): Promise<SendOutcome> {
      const may = isRoomName(roomId) && services.policies.maySend(user, roomId, services.membership);
      // Only what has to be looked up is waited for: in open rooms nothing is.
      const refusal = may === true ? undefined : await whyNot(may);
      if (refusal !== undefined) return refusal;
      const payload = services.policies.readPayload(body, CHAT_SHAPE);
      if (payload === undefined) return { how: "rejected", reason: 'the body must be {"content":"<text>"}' };
      const ts = risingNowMs();
      const id = messageId(ts);
      const clientMessageId = services.policies.clientMessageId(headers["client-message-id"], id);
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
        senderId: services.policies.authorOf(user, body),
        clientMessageId,
        content: payload.content,
        ts,
        serverId: services.serverId,
      };
      const { ordering, policies } = services;
      const persisted = await ordering.inTurn(message, (steps) => policies.accept(message, steps));
      return persisted.how === "stored" || persisted.how === "duplicate" ? { how: "accepted" } : persisted;
    },
  };
}
