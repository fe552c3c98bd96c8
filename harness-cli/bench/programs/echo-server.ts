import { createServer } from "node:http";
import { argv } from "node:process";
import { WebSocketServer } from "ws";

/** Sends every text back: what a proxy between adds is all the difference. `node echo-server.ts <port>`. */
const http = createServer((_request, response) => response.end("echo\n"));
const webSockets = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });
webSockets.on("connection", (ws) => {
  ws.on("error", () => ws.terminate());
  ws.on("message", (data) => ws.send(data, { binary: false }));
});
http.listen(Number(argv[2]), "127.0.0.1");
