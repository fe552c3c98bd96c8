// The limit that the k6 engine is measured beside: sockets that only take a timestamp of what comes.
import { WebSocket } from "k6/websockets";

export const options = {
  scenarios: {
    bare: { executor: "per-vu-iterations", vus: 1, iterations: 1, maxDuration: "1h", gracefulStop: "0s" },
  },
};

let messages = 0;
let last = 0;

export default function () {
  for (let n = 0; n < Number(__ENV.SOCKETS); n++) {
    const socket = new WebSocket(__ENV.URL);
    socket.onopen = () => socket.send("listen");
    socket.onmessage = () => {
      messages += 1;
      last = Date.now();
    };
  }
  return { messages, last };
}
