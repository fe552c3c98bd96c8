/**
 * The room of a client. Neighbours in number share a room and dial different instances (client i begins at endpoint
 * i % n), so every room that is at least as large as the cluster has members on every instance: a broadcast that
 * stays on one of them cannot pass unseen (B42).
 */
export function roomOf(client: number, roomSize: number): number {
  return Math.floor(client / roomSize);
}

/** A destination template with its `{room}` filled in. */
export function inRoom(template: string, room: number): string {
  return template.replaceAll("{room}", String(room));
}
