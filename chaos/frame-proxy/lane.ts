/** What leaves one direction of a connection, in its order but for what is set aside. */
export class Lane {
  readonly #write: (bytes: Buffer) => void;
  readonly #pressure: (waitingBytes: number) => void;
  /** In order; each goes when its time has come and those before it are gone. */
  readonly #queue: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #waitingBytes = 0;

  /** `pressure` is told how many bytes wait, each time that changes. */
  constructor(write: (bytes: Buffer) => void, pressure: (waitingBytes: number) => void) {
    this.#write = write;
    this.#pressure = pressure;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  send(bytes: Buffer): void {
    if (this.#queue.length === 0) this.#write(bytes);
    else this.#add(bytes, 0);
  }

  /** Everything behind it waits as well. */
  sendLater(bytes: Buffer, delayMs: number): void {
    this.#add(bytes, performance.now() + delayMs);
    this.#wait();
  }

  /** Whatever waits goes at once. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { bytes } of this.#queue.splice(0)) this.#write(bytes);
    this.#changed(-this.#waitingBytes);
  }

  /** Whatever waits will never go. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
    this.#changed(-this.#waitingBytes);
  }

  #add(bytes: Buffer, dueMs: number): void {
    this.#queue.push({ bytes, dueMs });
    this.#changed(bytes.length);
  }

  #wait(): void {
    const [first] = this.#queue;
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = setTimeout(() => this.#due(), Math.max(0, first.dueMs - performance.now()));
  }

  #due(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    let gone = 0;
    // A timer may ring a fraction early.
    while (this.#queue[0] !== undefined && this.#queue[0].dueMs <= nowMs + 1) {
      const { bytes } = this.#queue.shift()!;
      this.#write(bytes);
      gone += bytes.length;
    }
    this.#changed(-gone);
    this.#wait();
  }

  #changed(bytes: number): void {
    if (bytes === 0) return;
    this.#waitingBytes += bytes;
    this.#pressure(this.#waitingBytes);
  }
}
