const FIN_TEXT = 0x81;

/** One unmasked WebSocket text frame (RFC 6455, 5.2), ready for any number of sockets: the framing is done once. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const headBytes = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + bytes);
  frame[0] = FIN_TEXT;
  if (headBytes === 2) {
    frame[1] = bytes;
  } else if (headBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, headBytes);
  return frame;
}

/** The text in a frame that `textFrame` made. */
export function textOf(frame: Uint8Array): string {
  const headBytes = frame[1]! < 126 ? 2 : frame[1] === 126 ? 4 : 10;
  return Buffer.from(frame.buffer, frame.byteOffset + headBytes, frame.length - headBytes).toString("utf8");
}
