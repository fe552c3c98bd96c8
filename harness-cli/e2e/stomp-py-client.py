"""One user of stomp.py over WebSocket. Arguments: port, origin, token, room, text to say.

Prints one JSON object a line: connected, subscribed, receipt, message, error, disconnected. Acknowledges every
message; refuses the first one once. Leaves after it has heard a message that ends in "bye".
"""

import functools
import json
import sys
import threading

import stomp
import websocket

port, origin, token, room, text = sys.argv[1:6]
done = threading.Event()
subscribed = threading.Event()
left = threading.Event()


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Listener(stomp.ConnectionListener):
    refused = False

    def on_connected(self, frame):
        tell("connected", version=frame.headers["version"], server=frame.headers["server-id"])

    def on_receipt(self, frame):
        receipt = frame.headers["receipt-id"]
        tell("receipt", receipt=receipt)
        if receipt == "subscribed":
            subscribed.set()
        if receipt == "left":
            left.set()

    def on_message(self, frame):
        content = json.loads(frame.body)["content"]
        redelivered = frame.headers.get("redelivered") == "true"
        tell("message", content=content, redelivered=redelivered)
        if not self.refused:
            self.refused = True
            connection.nack(frame.headers["ack"])
            return
        connection.ack(frame.headers["ack"])
        if content.endswith("bye"):
            done.set()

    def on_error(self, frame):
        tell("error", message=frame.headers.get("message"))
        done.set()

    def on_disconnected(self):
        tell("disconnected")


# Its WebSocket library names the server itself as Origin, and stomp.py has no setting for another one.
websocket.create_connection = functools.partial(websocket.create_connection, origin=origin)
connection = stomp.WSConnection([("127.0.0.1", int(port))], ws_path="/ws", heartbeats=(4000, 4000))
connection.set_listener("", Listener())
connection.connect(headers={"Authorization": "Bearer " + token}, wait=True)
connection.subscribe(f"/topic/room.{room}", id="py", ack="client-individual", headers={"receipt": "subscribed"})
if not subscribed.wait(20):
    sys.exit("no receipt for SUBSCRIBE")
connection.send(
    f"/app/chat.send/{room}",
    json.dumps({"content": text}),
    content_type="application/json",
    headers={"receipt": "said"},
)
if not done.wait(30):
    sys.exit("did not hear bye")
connection.disconnect(receipt="left")
# It counts as disconnected before its listener has heard of the receipt.
if not left.wait(20):
    sys.exit("no receipt for DISCONNECT")
