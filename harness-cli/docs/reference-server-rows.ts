/**
 * Every row of section A of the requirements, and where it is in this repository. `docs/reference-server.md` is made of
 * it; `reference-server.test.ts` holds that files exist and that each named test exists and names its row.
 */
export interface RequirementRow {
  readonly id: `A${number}`;
  /** What it asks for, in a line. */
  readonly says: string;
  readonly state: "built" | "built differently" | "not built";
  /** For every state but `built`. */
  readonly why?: string;
  /** Where to begin reading. */
  readonly file?: string;
  /** The proof. Its title holds the row's id, or a range with it. */
  readonly test?: { readonly file: string; readonly title: string };
}

export const requirementRows: readonly RequirementRow[] = [
  {
    id: "A1",
    says: "RFC 6455 handshake; the sample key gets the sample answer",
    state: "built",
    file: "target-server/gate.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A1, A2, A3: the sample key of RFC 6455 gets the sample answer, and the best sub-protocol is chosen",
    },
  },
  {
    id: "A2",
    says: "`/ws` and `/ws/notifications`; paths are settings (WS_PATHS)",
    state: "built",
    file: "target-server/admission.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A1, A2, A3: the sample key of RFC 6455 gets the sample answer, and the best sub-protocol is chosen",
    },
  },
  {
    id: "A3",
    says: "sub-protocols v12, v11 and v10.stomp, exactly one is echoed",
    state: "built",
    file: "target-server/admission.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A3, A52, A41: @stomp/stompjs chats across two instances and survives heart-beat intervals",
    },
  },
  {
    id: "A4",
    says: "explicit allowed origins, one-label wildcards, 403 before 101",
    state: "built",
    file: "target-server/origin.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A4, A7: %s is refused with its own status",
    },
  },
  {
    id: "A5",
    says: "clients without Origin are refused unless REQUIRE_ORIGIN=false",
    state: "built",
    file: "target-server/policies.ts",
    test: {
      file: "target-server/policies.test.ts",
      title: "A5: a missing Origin is refused only where one is required",
    },
  },
  {
    id: "A6",
    says: "no CSRF token on the WebSocket; anti-framing header on pages",
    state: "built",
    file: "target-server/http.ts",
    test: {
      file: "target-server/sockjs/endpoint.test.ts",
      title: "A15, A6: the greeting and /info, which no cache may keep and no frame may show",
    },
  },
  {
    id: "A7",
    says: "each refusal has its own status and a reason in JSON",
    state: "built",
    file: "target-server/admission.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A4, A7: %s is refused with its own status",
    },
  },
  {
    id: "A8",
    says: "handshakes of one address are limited before any other work, 429",
    state: "built",
    file: "target-server/handshake-rate.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title:
        "A8: more handshakes of one address than the limit are answered 429, with no look at their ticket",
    },
  },
  {
    id: "A9",
    says: "SYN cookies and kernel queues",
    state: "built differently",
    why: "the kernel's own settings are not a server's to make: LISTEN_BACKLOG is offered, sysctls are the container's",
    file: "target-server/config.ts",
  },
  {
    id: "A10",
    says: "open and allowed descriptors are looked at before the start, and exported",
    state: "built",
    file: "target-server/file-limit.ts",
    test: { file: "target-server/file-limit.test.ts", title: "A10: the limit of this process is known" },
  },
  {
    id: "A11",
    says: "MAX_CONNECTIONS answers 503, listen backlog, 20 s for a request's head",
    state: "built",
    file: "target-server/admission.ts",
    test: {
      file: "harness-cli/e2e/hostile.e2e.ts",
      title: "A11, B175: heads that never end, or never begin, are given up after the deadline",
    },
  },
  {
    id: "A12",
    says: "plain HTTP behind the proxy that ends TLS",
    state: "built differently",
    why: "no TLS in the server: the proxy matrix brings its own; forwarded addresses count only from TRUSTED_PROXIES",
    file: "target-server/server.ts",
  },
  {
    id: "A13",
    says: "unmasked client frames are 1002, server frames are never masked",
    state: "built",
    file: "target-server/web-socket-frame.ts",
    test: { file: "harness-cli/e2e/hostile.e2e.ts", title: "A13, A61, B171: %s is closed with its code" },
  },
  {
    id: "A14",
    says: "framing overhead",
    state: "not built",
    why: "nothing to build, says the requirement; the report may compare bytes",
  },
  {
    id: "A15",
    says: "SockJS: /info, websocket, xhr_streaming, xhr",
    state: "built",
    file: "target-server/sockjs/endpoint.ts",
    test: {
      file: "harness-cli/e2e/interop.e2e.ts",
      title:
        "A15: %s chats with a plain WebSocket of another instance, survives its idle limits, leaves cleanly",
    },
  },
  {
    id: "A16",
    says: "HTTP/1.1 upgrade only; HTTP/2 is the proxy matrix's",
    state: "built differently",
    why: "extended CONNECT is a front-end's business; this server answers HTTP/1.1",
    file: "target-server/server.ts",
  },
  {
    id: "A17",
    says: "AUTH=query: a token in the URL, 401 when it is bad",
    state: "built",
    file: "target-server/handshake-identity.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A17, A29: AUTH=query takes the token of the URL, and no log ever has it",
    },
  },
  {
    id: "A18",
    says: "one-time tickets, 30 s, consumed atomically",
    state: "built",
    file: "target-server/tickets.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A18: one opens a session without a token in CONNECT, and no second one, on no instance",
    },
  },
  {
    id: "A19",
    says: "AUTH=cookie, only with the origin allow-list",
    state: "built",
    file: "target-server/handshake-identity.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A19, B142: AUTH=cookie takes the session cookie, from the allowed origins only",
    },
  },
  {
    id: "A20",
    says: "AUTH=connect: a JWT in CONNECT, else ERROR and 1008",
    state: "built",
    file: "target-server/auth.ts",
    test: {
      file: "harness-cli/e2e/hostile.e2e.ts",
      title: "A20: frames piled up behind CONNECT are bounded",
    },
  },
  {
    id: "A21",
    says: "ticket and CONNECT must name the same user",
    state: "built",
    file: "target-server/handshake-identity.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A21: a ticket and a CONNECT of two users open nothing",
    },
  },
  {
    id: "A22",
    says: "nobody is anonymous",
    state: "built",
    file: "target-server/handshake-identity.ts",
    test: {
      file: "target-server/auth.test.ts",
      title: "A18, A22: a ticket alone is enough, nothing at all is not",
    },
  },
  {
    id: "A23",
    says: "sender and time are the server's, whatever the client says",
    state: "built",
    file: "target-server/app/chat-send.ts",
    test: { file: "target-server/app/payload.test.ts", title: "A50, A23, B170: %s is refused" },
  },
  {
    id: "A24",
    says: "the token is looked at again on every SEND",
    state: "built",
    file: "target-server/session.ts",
    test: { file: "target-server/session.test.ts", title: "A24: the token is looked at again on every SEND" },
  },
  {
    id: "A25",
    says: "`/app/token.refresh` answers on `/user/queue/token.refresh`",
    state: "built",
    file: "target-server/app/token-refresh.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A25: a refreshed token moves the end, and is good itself",
    },
  },
  {
    id: "A26",
    says: "a silent session ends when its token does, spread over a grace",
    state: "built",
    file: "target-server/session-identity.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A26, B144: a session that only listens ends with its token, not before",
    },
  },
  {
    id: "A27",
    says: "bans reach every session on every instance within 2 s",
    state: "built",
    file: "target-server/revocations.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A27, B221: end all sessions of a user on all instances, and nobody else's",
    },
  },
  {
    id: "A28",
    says: "token life is a setting; two keys are good during rotation",
    state: "built",
    file: "target-server/token-keys.ts",
    test: {
      file: "target-server/auth.test.ts",
      title: "A28: while keys rotate both are good, each by its own name",
    },
  },
  {
    id: "A29",
    says: "tokens and tickets never appear in logs",
    state: "built",
    file: "target-server/admission.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A17, A29: AUTH=query takes the token of the URL, and no log ever has it",
    },
  },
  {
    id: "A30",
    says: "auth_failures_total{stage,reason} and one log line each",
    state: "built",
    file: "target-server/session.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A18, A30: who has no good token gets no ticket, and it is counted",
    },
  },
  {
    id: "A31",
    says: "sessions of one user are counted over all instances, 5",
    state: "built",
    file: "target-server/session-slots.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A31, B161: five of a user over all instances, and a place that is left is free again",
    },
  },
  {
    id: "A32",
    says: "deny by default: rooms by membership, own queues only, no SEND to the broker",
    state: "built",
    file: "target-server/membership.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A32, B173, I78: a room is for its members, on every instance, by SUBSCRIBE and by SEND",
    },
  },
  {
    id: "A33",
    says: "DB_USERNAME, DB_PASSWORD, REDIS_HOST, JWT_SECRET; from the environment or files",
    state: "built",
    file: "target-server/config.ts",
    test: {
      file: "target-server/identity-config.test.ts",
      title: "A33: secrets come from the environment or from files",
    },
  },
  {
    id: "A34",
    says: "the whole codec: escaping, content-length, several frames, cut anywhere",
    state: "built",
    file: "target-server/stomp/decode.ts",
    test: {
      file: "harness-cli/e2e/hostile.e2e.ts",
      title: "A34: a frame over many messages is still one frame",
    },
  },
  {
    id: "A35",
    says: "every client command is answered by the protocol",
    state: "built",
    file: "target-server/session.ts",
    test: { file: "harness-cli/e2e/interop.e2e.ts", title: "A35: acknowledges by %s, on a third instance" },
  },
  {
    id: "A36",
    says: "/app, /topic, /queue and /user; anything else is ERROR",
    state: "built",
    file: "target-server/app/application.ts",
    test: {
      file: "target-server/app/application.test.ts",
      title: "A36: what follows the prefix goes to its application",
    },
  },
  {
    id: "A37",
    says: "a topic nobody hears is no error",
    state: "built",
    file: "target-server/broker.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A37, A78, A79: a receipt means the row is in Postgres",
    },
  },
  {
    id: "A38",
    says: "a user's queue reaches all of that user's sessions on all instances",
    state: "built",
    file: "target-server/delivery/user-queues.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A42, A38, A88: a direct message reaches every session of both users on every instance, and no one else",
    },
  },
  {
    id: "A39",
    says: "subscribing to /app/chat.history/{room} answers its last 50",
    state: "built",
    file: "target-server/delivery/room-log.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A39: history answers the requester alone, with the last 50 and their sequences",
    },
  },
  {
    id: "A40",
    says: "what is wrong with one message is said on /user/queue/reply",
    state: "built",
    file: "target-server/session.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A50, A40: a payload that is no chat message is rejected on the reply queue, the session goes on",
    },
  },
  {
    id: "A41",
    says: "/app/chat.send/{room} to /topic/room.{room} as a DTO",
    state: "built",
    file: "target-server/app/chat-send.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A3, A52, A41: @stomp/stompjs chats across two instances and survives heart-beat intervals",
    },
  },
  {
    id: "A42",
    says: "direct messages: stored, delivered, echoed to the sender's tabs",
    state: "built",
    file: "target-server/app/dm-send.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A42, A38, A88: a direct message reaches every session of both users on every instance, and no one else",
    },
  },
  {
    id: "A43",
    says: "typing: never stored, own low limit, dropped first",
    state: "built",
    file: "target-server/app/chat-typing.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A43: typing is told to who is there, at its own low rate, and never again",
    },
  },
  {
    id: "A44",
    says: "JOIN and LEAVE to a user's rooms, once per user",
    state: "built",
    file: "target-server/presence/",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A117, A44, A119: a user is there once, whatever the tabs, and changes are told together",
    },
  },
  {
    id: "A45",
    says: "announcements and segments, one publish each; with TIER_ACCESS=claims a segment is for whom the token's `tiers` name",
    state: "built",
    file: "target-server/destinations.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A45, A99, A102: a segment's event is published once, whoever listens, and an idempotency key is good for one",
    },
  },
  {
    id: "A46",
    says: "generic user queues by the names of the sources",
    state: "built",
    file: "target-server/destinations.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A46: the queues of the sources, by their names: each hears what is pushed to it and nothing else",
    },
  },
  {
    id: "A47",
    says: "/topic/server.events carries the shutdown notice",
    state: "built",
    file: "target-server/server.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A48",
    says: "ERROR with a reason, then close",
    state: "built",
    file: "target-server/session.ts",
    test: { file: "harness-cli/e2e/hostile.e2e.ts", title: "A48, A76: %s is closed with its code" },
  },
  {
    id: "A49",
    says: "RECEIPT only when the message is durable",
    state: "built",
    file: "target-server/session.ts",
    test: {
      file: "harness-cli/e2e/interop.e2e.ts",
      title: "A49: every frame that asks for a receipt gets it, also those sent as one message",
    },
  },
  {
    id: "A50",
    says: "every body is validated; DTOs with a fixed key set",
    state: "built",
    file: "target-server/app/payload.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A50, A40: a payload that is no chat message is rejected on the reply queue, the session goes on",
    },
  },
  {
    id: "A51",
    says: "every MESSAGE has an id that survives relay and replay",
    state: "built",
    file: "target-server/message.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A107, A51: a resume replays strictly after the sequence, in order, then goes on live without gap or overlap",
    },
  },
  {
    id: "A52",
    says: "heart-beat negotiation as in the specification",
    state: "built",
    file: "target-server/stomp/heart-beat.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A3, A52, A41: @stomp/stompjs chats across two instances and survives heart-beat intervals",
    },
  },
  {
    id: "A53",
    says: "beats of 25 s, by setting; presets of 10 s and 41.25 s",
    state: "built",
    file: "target-server/presets/bracit.ts",
    test: {
      file: "target-server/presets.test.ts",
      title: "A53, H1: bracit beats every 10 s, takes 32 KB and lets 128 KB wait",
    },
  },
  {
    id: "A54",
    says: "dead after 1.5 intervals of silence",
    state: "built",
    file: "target-server/policies.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A54: a client that promised heart-beats and sends none is closed after 1.5 intervals",
    },
  },
  {
    id: "A55",
    says: "WebSocket pings apart from STOMP's beats",
    state: "built",
    file: "target-server/connection.ts",
    test: {
      file: "harness-cli/e2e/interop.e2e.ts",
      title: "A55: the server pings whatever the client says, and who only answers stays",
    },
  },
  {
    id: "A56",
    says: "no sign of life, pongs included: closed",
    state: "built",
    file: "target-server/connection.ts",
    test: {
      file: "harness-cli/e2e/interop.e2e.ts",
      title: "A55, A56: a client that answers no ping is closed after one and a half intervals",
    },
  },
  {
    id: "A57",
    says: "30 s to CONNECT, then 1008",
    state: "built",
    file: "target-server/connection.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A57: who says nothing is closed after the deadline",
    },
  },
  {
    id: "A58",
    says: "one clean-up, however often the end is noticed",
    state: "built",
    file: "target-server/session.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title: "A58, D41, B11: connections and subscriptions are what is open now",
    },
  },
  {
    id: "A59",
    says: "one timer for all clocks, apart from handlers; its lateness is exported",
    state: "built",
    file: "target-server/pulse.ts",
    test: {
      file: "target-server/loop-lag.test.ts",
      title: "A59: a loop that is really held up for 150 ms shows at least that",
    },
  },
  {
    id: "A60",
    says: "TCP keep-alive is no liveness",
    state: "built differently",
    why: "it is not enabled at all: pings and beats decide, see A54 to A56",
    file: "target-server/connection.ts",
  },
  {
    id: "A61",
    says: "64 KB for a message, 1009",
    state: "built",
    file: "target-server/connection.ts",
    test: { file: "harness-cli/e2e/hostile.e2e.ts", title: "A13, A61, B171: %s is closed with its code" },
  },
  {
    id: "A62",
    says: "binary messages are refused with 1003",
    state: "built",
    file: "target-server/connection.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A62, A76: a binary message is closed with 1003",
    },
  },
  {
    id: "A63",
    says: "512 KB may wait for one client",
    state: "built",
    file: "target-server/send-queue.ts",
    test: {
      file: "target-server/send-queue.test.ts",
      title: "A63: frames of one tick leave in order and in one write",
    },
  },
  {
    id: "A64",
    says: "20 s for the oldest waiting message",
    state: "built",
    file: "target-server/send-queue.ts",
    test: { file: "target-server/policies.test.ts", title: "I72, A64: %j gives %s" },
  },
  {
    id: "A65",
    says: "256 messages may wait; then 1013 slow-consumer",
    state: "built",
    file: "target-server/connection.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A65, A66: a client that does not read is evicted with 1013, others in its room get everything, and so does it when it comes back",
    },
  },
  {
    id: "A66",
    says: "an evicted client finds replay and offline buffer as they were",
    state: "built",
    file: "target-server/delivery/batch.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A65, A66: a client that does not read is evicted with 1013, others in its room get everything, and so does it when it comes back",
    },
  },
  {
    id: "A67",
    says: "10 SENDs a second by a sliding window in one Lua call",
    state: "built",
    file: "target-server/sliding-window.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A67, A69, B154, B155: ten in a second, over all tabs and instances; the eleventh is told when",
    },
  },
  {
    id: "A68",
    says: "30 per 10 s as another profile",
    state: "built differently",
    why: "the same sliding window with USER_RATE=30/10000; no second kind of limiter",
    file: "target-server/config.ts",
  },
  {
    id: "A69",
    says: "limits by user, over the cluster, and by session",
    state: "built",
    file: "target-server/send-allowance.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A67, A69, B154, B155: ten in a second, over all tabs and instances; the eleventh is told when",
    },
  },
  {
    id: "A70",
    says: "over the limit: a reply with retry-after; going on: 1008",
    state: "built",
    file: "target-server/send-allowance.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A70, I75: who goes on in spite of that is closed with 1008; D66 counts it",
    },
  },
  {
    id: "A71",
    says: "POST /api/uploads gives a URL, the message carries a key",
    state: "built",
    file: "target-server/identity-routes.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title: "A71: large content is announced, and goes by reference",
    },
  },
  {
    id: "A72",
    says: "bounded inbound work: 8 lanes, 500 messages",
    state: "built",
    file: "target-server/persist-queue.ts",
    test: {
      file: "target-server/persist-queue.test.ts",
      title: "A72, A74: over its capacity it refuses at once, and takes again when there is room",
    },
  },
  {
    id: "A73",
    says: "outbound work is bounded and its occupancy exported",
    state: "built",
    file: "target-server/outbox.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A73: what waits for Redis is bounded and shown; beyond that a message is refused before it is stored",
    },
  },
  {
    id: "A74",
    says: "over capacity a message is refused visibly",
    state: "built",
    file: "target-server/persist-queue.ts",
    test: {
      file: "target-server/persist-queue.test.ts",
      title: "A72, A74: over its capacity it refuses at once, and takes again when there is room",
    },
  },
  {
    id: "A75",
    says: "queued bytes beside the limits of heap and container",
    state: "built",
    file: "target-server/process-metrics.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title:
        "D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises",
    },
  },
  {
    id: "A76",
    says: "one table of close codes; counted by code and initiator",
    state: "built",
    file: "target-server/close-codes.ts",
    test: { file: "harness-cli/e2e/hostile.e2e.ts", title: "A48, A76: %s is closed with its code" },
  },
  {
    id: "A77",
    says: "each frame is logged at level debug only, without its content; LOG_LEVEL is info by default",
    state: "built",
    file: "target-server/log.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title:
        "A141, A77: at level debug, what became of a session is in its instance's log: who, where, each frame, and the close code",
    },
  },
  {
    id: "A78",
    says: "Postgres",
    state: "built",
    file: "target-server/store.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A37, A78, A79: a receipt means the row is in Postgres",
    },
  },
  {
    id: "A79",
    says: "stored and committed first, then told; RECEIPT after commit; outbox",
    state: "built",
    file: "target-server/outbox.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A37, A78, A79: a receipt means the row is in Postgres",
    },
  },
  {
    id: "A80",
    says: "the read path never waits for the database",
    state: "built",
    file: "target-server/persist-queue.ts",
    test: {
      file: "target-server/persist-queue.test.ts",
      title: "A80: what waited too long for a slow store is refused untried",
    },
  },
  {
    id: "A81",
    says: "a pool of 20; used, idle, waiting and wait time exported",
    state: "built",
    file: "target-server/store.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title:
        "D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises",
    },
  },
  {
    id: "A82",
    says: "group commit, up to 100 in a transaction, each confirmed by itself",
    state: "built",
    file: "target-server/persist-queue.ts",
    test: {
      file: "target-server/persist-queue.test.ts",
      title: "A82, I9: what waits for a room shares the next transaction, in the order it came",
    },
  },
  {
    id: "A83",
    says: "the pool in the health page",
    state: "built",
    file: "target-server/http.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A79, A83, I76: a Postgres connection that breaks under an INSERT costs that answer, not the instance; the health page shows the pool",
    },
  },
  {
    id: "A84",
    says: "tables of messages, notifications, receipts, rooms and members; the outbox is the messages not yet published",
    state: "built",
    file: "target-server/store.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A84: the tables of the sources are there, and an outbox of what is stored and not published",
    },
  },
  {
    id: "A85",
    says: "SENT, DELIVERED, READ",
    state: "built",
    file: "target-server/delivery/receipts.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A114, A115, A85: receipts are monotone, batched, and told to the sender wherever it is",
    },
  },
  {
    id: "A86",
    says: "notifications are kept, GET /api/notifications",
    state: "built",
    file: "target-server/delivery/journal.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A112, A86, A101, A103: what is pushed to a user who is away waits, comes once and first, and leaves nothing behind",
    },
  },
  {
    id: "A87",
    says: "GET /api/rooms/{id}/messages?after_seq=",
    state: "built",
    file: "target-server/delivery/journal.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A108, A87: who missed more than is replayed is told so first, and reads the rest by REST",
    },
  },
  {
    id: "A88",
    says: "no business state in the process: any instance resumes",
    state: "built",
    file: "target-server/delivery/room-resume.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A42, A38, A88: a direct message reaches every session of both users on every instance, and no one else",
    },
  },
  {
    id: "A89",
    says: "a broker for local clients, a relay between instances",
    state: "built",
    file: "target-server/broker.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A41, A51, A89, A93, A110, A143: every subscriber on every instance gets it once, as the DTO and no more",
    },
  },
  {
    id: "A90",
    says: "Redis pub/sub, channel ws: + destination, subscribed again by itself",
    state: "built",
    file: "target-server/relay.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A90, A94, A143: a room is heard on both instances, once and in order",
    },
  },
  {
    id: "A91",
    says: "the other naming of channels",
    state: "not built",
    why: "not needed, says the requirement: one naming, ws: + destination",
  },
  {
    id: "A92",
    says: "one envelope, parsed defensively",
    state: "built",
    file: "target-server/envelope.ts",
    test: {
      file: "target-server/envelope.test.ts",
      title:
        "A92, A41: the pieces with the sequence in both holes are the envelope, whatever the texts contain",
    },
  },
  {
    id: "A93",
    says: "delivered once on the origin: by the relay only",
    state: "built",
    file: "target-server/relay.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A41, A51, A89, A93, A110, A143: every subscriber on every instance gets it once, as the DTO and no more",
    },
  },
  {
    id: "A94",
    says: "relay by Redis Streams, by setting (RELAY): a cursor for each instance, trimming that is noticed",
    state: "built",
    file: "target-server/relay/stream-reader.ts",
    test: {
      file: "harness-cli/e2e/relay.e2e.ts",
      title: "A94: 300 messages of two senders are heard afterwards, each once, in one order for all",
    },
  },
  {
    id: "A95",
    says: "relay to RabbitMQ",
    state: "not built",
    why: "out of scope, says the requirement; `Publish` in policies.ts is where it would go",
  },
  {
    id: "A96",
    says: "Redis commands end after 2 s, nothing is queued without bound",
    state: "built",
    file: "target-server/relay.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A96, I76: a Redis that swallows everything ends each command by its deadline; what it should publish waits in the outbox",
    },
  },
  {
    id: "A97",
    says: "presence never relies on keyspace events",
    state: "built",
    file: "target-server/presence/",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A118, A97, I33: users of an instance that was killed are gone after their time, and that is told once",
    },
  },
  {
    id: "A98",
    says: "failed publishes are counted and repeated from the outbox",
    state: "built",
    file: "target-server/outbox.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A94, A98, A116, I76: what is said while an instance has no Redis is heard there afterwards, once and in order; who typed is not",
    },
  },
  {
    id: "A99",
    says: "one publish for a broadcast, whatever the audience",
    state: "built",
    file: "target-server/relay.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A45, A99, A102: a segment's event is published once, whoever listens, and an idempotency key is good for one",
    },
  },
  {
    id: "A100",
    says: "rooms above 1,000: pushed like any other (docs/delivery.md says why)",
    state: "built",
    file: "target-server/broker.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A100: a room above 1,000 is pushed like any other: each subscription hears each message once",
    },
  },
  {
    id: "A101",
    says: "POST /internal/push/user/{id} and /internal/push/topic; a Redis Stream in place of Kafka (INGRESS_STREAM)",
    state: "built",
    file: "target-server/ingress/stream-ingress.ts",
    test: {
      file: "harness-cli/e2e/ingress.e2e.ts",
      title:
        "A101, A102, A103: each reaches its user on any instance, in order, once, however often it is said",
    },
  },
  {
    id: "A102",
    says: "Idempotency-Key: the second call does nothing",
    state: "built",
    file: "target-server/route.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A45, A99, A102: a segment's event is published once, whoever listens, and an idempotency key is good for one",
    },
  },
  {
    id: "A103",
    says: "any instance takes a push for any user",
    state: "built",
    file: "target-server/route.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A112, A86, A101, A103: what is pushed to a user who is away waits, comes once and first, and leaves nothing behind",
    },
  },
  {
    id: "A104",
    says: "sequences by INCR, raised from the database when Redis forgets",
    state: "built",
    file: "target-server/relay.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A98, A104: Redis is killed; what is confirmed meanwhile comes later, in order, exactly once",
    },
  },
  {
    id: "A105",
    says: "modes of ordering: seq, timestamp, room-queue, lock with TTL and fence, or none (ORDERING); CONNECTED names it",
    state: "built",
    file: "target-server/ordering/ordering.ts",
    test: {
      file: "harness-cli/e2e/ordering.e2e.ts",
      title:
        "A105, B72: two senders on two instances: one order for all, and what the mode promises of each sender",
    },
  },
  {
    id: "A106",
    says: "ids are UUIDs of version 7",
    state: "built",
    file: "target-server/message.ts",
    test: {
      file: "target-server/envelope.test.ts",
      title: "A106: ids are UUIDs of version 7 that sort in the order they were made",
    },
  },
  {
    id: "A107",
    says: "last-seen-sequence on SUBSCRIBE: everything after it, then live; rooms need the header, user queues do not (B63)",
    state: "built",
    file: "target-server/delivery/room-resume.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A107, A51: a resume replays strictly after the sequence, in order, then goes on live without gap or overlap",
    },
  },
  {
    id: "A108",
    says: "bounded replay log; an explicit replay-gap beyond it",
    state: "built",
    file: "target-server/delivery/room-log.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A108, A87: who missed more than is replayed is told so first, and reads the rest by REST",
    },
  },
  {
    id: "A109",
    says: "at-least-once per recipient, acknowledged by /app/message.ack/{id}",
    state: "built",
    file: "target-server/delivery/user-queues.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A109: each recipient goes on from its own last message, and acknowledges for itself",
    },
  },
  {
    id: "A110",
    says: "stable ids everywhere, so that nothing is shown twice",
    state: "built",
    file: "target-server/message.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A41, A51, A89, A93, A110, A143: every subscriber on every instance gets it once, as the DTO and no more",
    },
  },
  {
    id: "A111",
    says: "clients dedupe by id",
    state: "built differently",
    why: "the reference client is the harness's own: its ledger counts raw and deduplicated",
    file: "scenarios/model/ledger.ts",
  },
  {
    id: "A112",
    says: "offline buffer with cap and TTL, drained after SUBSCRIBE; what a half-open session did not take goes there too (B63)",
    state: "built",
    file: "target-server/delivery/user-queues.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A112, A86, A101, A103: what is pushed to a user who is away waits, comes once and first, and leaves nothing behind",
    },
  },
  {
    id: "A113",
    says: "who missed a broadcast by a dying server gets it by replay",
    state: "built",
    file: "target-server/delivery/room-resume.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A113, A129: an instance dies in the middle of a broadcast; who did not hear it gets it from another instance",
    },
  },
  {
    id: "A114",
    says: "read receipts, idempotent, never backwards",
    state: "built",
    file: "target-server/delivery/receipts.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A114, A115, A85: receipts are monotone, batched, and told to the sender wherever it is",
    },
  },
  {
    id: "A115",
    says: "receipts are batched for 500 ms",
    state: "built",
    file: "target-server/delivery/receipts.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A114, A115, A85: receipts are monotone, batched, and told to the sender wherever it is",
    },
  },
  {
    id: "A116",
    says: "at most once for typing and presence, at least once for chat",
    state: "built",
    file: "target-server/app/chat-typing.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A94, A98, A116, I76: what is said while an instance has no Redis is heard there afterwards, once and in order; who typed is not",
    },
  },
  {
    id: "A117",
    says: "presence by a ZSET with an expiry per user, and a sweep",
    state: "built",
    file: "target-server/presence/",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A117, A44, A119: a user is there once, whatever the tabs, and changes are told together",
    },
  },
  {
    id: "A118",
    says: "a killed instance's users are gone within TTL and sweep",
    state: "built",
    file: "target-server/presence/",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A118, A97, I33: users of an instance that was killed are gone after their time, and that is told once",
    },
  },
  {
    id: "A119",
    says: "presence pushed or lazy",
    state: "built",
    file: "target-server/presence/",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A117, A44, A119: a user is there once, whatever the tabs, and changes are told together",
    },
  },
  {
    id: "A120",
    says: "SIGTERM is the ordinary way to stop",
    state: "built",
    file: "target-server/main.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A121",
    says: "not ready, nobody in, notice, answers, close, flush, exit 0",
    state: "built",
    file: "target-server/policies.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A122",
    says: "the notice gives a range to come back in",
    state: "built",
    file: "target-server/server.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A123",
    says: "the drain's length is a setting, at least the notice's longest",
    state: "built",
    file: "target-server/drain.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A124",
    says: "closes are spread at random over the drain, 1012",
    state: "built",
    file: "target-server/drain.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A125",
    says: "only this instance's clients hear of it",
    state: "built",
    file: "target-server/server.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0",
    },
  },
  {
    id: "A126",
    says: "rolling deploy",
    state: "built differently",
    why: "the harness does it: scenario rolling-deploy-drain stops and starts one instance after the other (fault rolling-restart), fault drain-server takes one off a balancer's list; no fourth instance is started first",
    file: "scenarios/rolling-deploy-drain.ts",
  },
  {
    id: "A127",
    says: "/actuator/health, liveness and readiness",
    state: "built",
    file: "target-server/http.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A79, A127, A128, I76: without Postgres a SEND is rejected, nobody hears it, the instance stays alive, and is ready again by itself",
    },
  },
  {
    id: "A128",
    says: "Redis and Postgres in readiness, never in liveness, 2 s",
    state: "built",
    file: "target-server/http.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title:
        "A79, A127, A128, I76: without Postgres a SEND is rejected, nobody hears it, the instance stays alive, and is ready again by itself",
    },
  },
  {
    id: "A129",
    says: "any server resumes any client",
    state: "built",
    file: "target-server/delivery/room-resume.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title:
        "A113, A129: an instance dies in the middle of a broadcast; who did not hear it gets it from another instance",
    },
  },
  {
    id: "A130",
    says: "the names of the metrics, each with the right type",
    state: "built",
    file: "target-server/metrics.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title:
        "D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises",
    },
  },
  {
    id: "A131",
    says: "the seven that must be there",
    state: "built",
    file: "target-server/metrics.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title:
        "D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises",
    },
  },
  {
    id: "A132",
    says: "everything else that the process knows",
    state: "built",
    file: "target-server/process-metrics.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title:
        "D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises",
    },
  },
  {
    id: "A133",
    says: "maximum and target of connections as gauges",
    state: "built",
    file: "target-server/metrics.ts",
    test: { file: "harness-cli/e2e/metrics.e2e.ts", title: "A133: the gauges show the settings" },
  },
  {
    id: "A134",
    says: "container limits and user",
    state: "built",
    file: "docker-compose.yml",
    test: {
      file: "harness-cli/e2e/image.containers.e2e.ts",
      title: "A134, F27: runs as somebody who is not root and can write none of it",
    },
  },
  {
    id: "A135",
    says: "histograms of loop lag and GC",
    state: "built",
    file: "target-server/loop-lag.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title: "D46, A130, A135, B202: histograms have buckets that can be added over instances, in seconds",
    },
  },
  {
    id: "A136",
    says: "RSS and heap, so that bytes per connection can be fitted",
    state: "built",
    file: "target-server/process-metrics.ts",
    test: {
      file: "harness-cli/e2e/metrics.e2e.ts",
      title:
        "D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises",
    },
  },
  {
    id: "A137",
    says: "REST beside the WebSocket is minimal",
    state: "built differently",
    why: "no second process for REST: the mixed-workload comparison starts one more instance without WebSocket clients",
    file: "target-server/route.ts",
  },
  {
    id: "A138",
    says: "two regions",
    state: "not built",
    why: "needs the two-region compose profile of a later issue; a bridge between two Redis is no part of one server",
  },
  { id: "A139", says: "a region goes", state: "not built", why: "with A138" },
  {
    id: "A140",
    says: "SSE and long polling",
    state: "built differently",
    why: "SockJS's xhr_streaming and xhr are the fallback; no endpoint of its own for SSE",
    file: "target-server/sockjs/endpoint.ts",
  },
  {
    id: "A141",
    says: "structured logs of sessions with user, instance, each frame of the client and close code",
    state: "built",
    file: "target-server/log.ts",
    test: {
      file: "harness-cli/e2e/identity.e2e.ts",
      title:
        "A141, A77: at level debug, what became of a session is in its instance's log: who, where, each frame, and the close code",
    },
  },
  {
    id: "A142",
    says: "defects are switches by name, listed on /internal/mutants",
    state: "built",
    file: "target-server/mutants.ts",
    test: {
      file: "target-server/delivery/room-resume.test.ts",
      title: "A142: the strategies of a resume are what decides",
    },
  },
  {
    id: "A143",
    says: "CONNECTED and every MESSAGE carry server-id",
    state: "built",
    file: "target-server/session.ts",
    test: {
      file: "harness-cli/e2e/delivery.e2e.ts",
      title: "A90, A94, A143: a room is heard on both instances, once and in order",
    },
  },
  {
    id: "A144",
    says: "a repeated SEND gets its RECEIPT and makes no second row",
    state: "built",
    file: "target-server/store.ts",
    test: {
      file: "harness-cli/e2e/reference-server.e2e.ts",
      title: "A144: a SEND that is repeated on another instance gets its receipt and nothing else happens",
    },
  },
];
