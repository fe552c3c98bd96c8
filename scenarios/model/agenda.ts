import type { Pending } from "./engine.ts";

/**
 * What is due when: one queue for all the timers of thousands of clients, so that the engine underneath needs a
 * single one (k6 keeps its own timers in a list that it searches from the front). Times are ms after the run's
 * start; the caller says what time it is.
 */
export class Agenda {
  /** A binary heap by (atMs, order of entry). Cancelled entries stay until they come up. */
  readonly #heap: Entry[] = [];
  #entered = 0;

  /** Adds a task. `owner` holds it until it has run or is cancelled. */
  at(atMs: number, task: (atMs: number) => void, owner?: Set<Pending>): Pending {
    const entry = new Entry(atMs, this.#entered++, task, owner);
    owner?.add(entry);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  /** When the next task is due; undefined when there is none. */
  nextMs(): number | undefined {
    while (this.#heap[0] && !this.#heap[0].task) this.#pop();
    return this.#heap[0]?.atMs;
  }

  /**
   * Runs what is due at `nowMs()`, in order of time, also what those tasks add. Stops after `budgetMs` so that
   * arrivals are not kept waiting; what is left is still due. A task that throws is reported and the rest runs.
   */
  runDue(nowMs: () => number, onError: (error: unknown) => void, budgetMs = Number.POSITIVE_INFINITY): void {
    const stopMs = nowMs() + budgetMs;
    for (;;) {
      const dueMs = this.nextMs();
      const now = nowMs();
      if (dueMs === undefined || dueMs > now || now > stopMs) return;
      const entry = this.#pop();
      const { task } = entry;
      entry.cancel();
      try {
        task?.(dueMs);
      } catch (error) {
        onError(error);
      }
    }
  }

  #pop(): Entry {
    const heap = this.#heap;
    const top = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return top;
  }

  #rise(index: number): void {
    const heap = this.#heap;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(heap[index] as Entry, heap[parent] as Entry)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && before(heap[child] as Entry, heap[first] as Entry)) first = child;
      }
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = entry;
  }
}

class Entry implements Pending {
  readonly atMs: number;
  readonly order: number;
  /** Undefined once it is not to run any more. */
  task: ((atMs: number) => void) | undefined;
  readonly #owner: Set<Pending> | undefined;

  constructor(atMs: number, order: number, task: (atMs: number) => void, owner?: Set<Pending>) {
    this.atMs = atMs;
    this.order = order;
    this.task = task;
    this.#owner = owner;
  }

  cancel(): void {
    this.task = undefined;
    this.#owner?.delete(this);
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
