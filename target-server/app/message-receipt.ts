import type { ReceiptStatus } from "../delivery/receipts.ts";
import type { Persisted } from "../policies.ts";
import type { Application, SendOutcome } from "./application.ts";
import { isText, readObject } from "./json-body.ts";

const ID_MAX = 128;
const IDS_MAX = 500;

/** Resolves when they are stored. */
export type AddReceipts = (
  user: string,
  messageIds: readonly string[],
  status: ReceiptStatus,
) => Promise<Persisted>;

/**
 * `SEND /app/message.ack/{id}` says that a message arrived, `/app/message.read/{id}` that it was read; without an id
 * in the destination the body is `{"messageIds":[…]}`, up to 500 (A114, A115).
 */
export function messageReceipt(
  name: "message.ack" | "message.read",
  status: ReceiptStatus,
  add: AddReceipts,
): Application {
  return {
    prefix: `/app/${name}/`,
    async handle({ user, body }, id): Promise<SendOutcome> {
      const ids = id === "" ? readObject(body, ["messageIds"])?.messageIds : [id];
      const sound = Array.isArray(ids) && ids.length <= IDS_MAX && ids.every((one) => isText(one, ID_MAX));
      if (!sound || ids.length === 0) {
        return { how: "rejected", reason: `give one message id, or {"messageIds":[…]} with 1 to ${IDS_MAX}` };
      }
      const persisted = await add(user, ids, status);
      return persisted.how === "stored" || persisted.how === "duplicate" ? { how: "accepted" } : persisted;
    },
  };
}
