import fc from "fast-check";
import { expect, test } from "vitest";
import { Agenda } from "./agenda.ts";

function fail(error: unknown): never {
  throw error;
}

test("tasks run in order of time, those of the same time in order of entry, cancelled ones never", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 50 }), cancel: fc.boolean() }), { maxLength: 60 }),
      (entries) => {
        const agenda = new Agenda();
        const ran: number[] = [];
        const added = entries.map(({ atMs }, index) => agenda.at(atMs, () => ran.push(index)));
        entries.forEach(({ cancel }, index) => {
          if (cancel) added[index]!.cancel();
        });
        const wanted = entries
          .map((entry, index) => ({ ...entry, index }))
          .filter(({ cancel }) => !cancel)
          .sort((a, b) => a.atMs - b.atMs || a.index - b.index)
          .map(({ index }) => index);
        agenda.runDue(() => 50, fail);
        expect(ran).toEqual(wanted);
        expect(agenda.nextMs()).toBeUndefined();
      },
    ),
  );
});

test("only what is due runs, and a task may add another that is due at once", () => {
  const agenda = new Agenda();
  const ran: string[] = [];
  agenda.at(10, () => {
    ran.push("first");
    agenda.at(5, () => ran.push("added"));
  });
  agenda.at(20, () => ran.push("later"));
  agenda.runDue(() => 15, fail);
  expect(ran).toEqual(["first", "added"]);
  expect(agenda.nextMs()).toBe(20);
});

test("a task that throws is reported and does not stop the others", () => {
  const agenda = new Agenda();
  const errors: unknown[] = [];
  let ran = false;
  agenda.at(1, () => {
    throw new Error("planted");
  });
  agenda.at(2, () => {
    ran = true;
  });
  agenda.runDue(
    () => 5,
    (error) => errors.push(error),
  );
  expect(errors).toEqual([new Error("planted")]);
  expect(ran).toBe(true);
});

test("the budget ends a turn, and what is left is still due", () => {
  const agenda = new Agenda();
  let now = 100;
  let ran = 0;
  for (let i = 0; i < 10; i++) {
    agenda.at(0, () => {
      ran += 1;
      now += 1;
    });
  }
  agenda.runDue(() => now, fail, 3);
  expect(ran).toBe(4);
  expect(agenda.nextMs()).toBe(0);
});
