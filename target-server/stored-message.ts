import type { ChatMessage } from "./message.ts";

/** A row of `chat_messages`, as far as it is the message. */
export interface StoredMessage {
  readonly id: string;
  readonly room_id: string;
  readonly sender_id: string;
  readonly client_message_id: string;
  readonly content: string;
  readonly created_at: Date;
  readonly server_id: string;
}

/** What to select for it. */
export const MESSAGE_COLUMNS = "id, room_id, sender_id, client_message_id, content, created_at, server_id";

export function messageOf(row: StoredMessage): ChatMessage {
  return {
    id: row.id,
    roomId: row.room_id,
    senderId: row.sender_id,
    clientMessageId: row.client_message_id,
    content: row.content,
    ts: row.created_at.getTime(),
    serverId: row.server_id,
  };
}
