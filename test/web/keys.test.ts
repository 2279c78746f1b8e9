import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "./page-module.ts";

interface Key {
  readonly key: string;
  readonly does: string;
}
type Pressed = Readonly<Record<string, string | boolean>>;
const { keyFor } = await pageModule<{
  keyFor: (
    pressed: Pressed,
    where: { isTyping: boolean; isInDialog: boolean },
    keys: readonly Key[],
  ) => Key | undefined;
}>("keys.js");

const KEYS = ["p", "ctrl+k", "Escape", "p", "?"].map((key, n) => ({ key, does: `number ${n}` }));

for (const [what, pressed, where, does] of [
  ["a key", { key: "p" }, {}, "number 0"],
  ["one that does nothing", { key: "x" }, {}, undefined],
  ["with Ctrl another", { key: "p", ctrlKey: true }, {}, undefined],
  ["Ctrl", { key: "k", ctrlKey: true }, {}, "number 1"],
  ["Cmd", { key: "k", metaKey: true }, {}, "number 1"],
  ["without Ctrl", { key: "k" }, {}, undefined],
  ["with Alt", { key: "p", altKey: true }, {}, undefined],
  ["in a field", { key: "p" }, { isTyping: true }, undefined],
  ["Ctrl in a field", { key: "k", ctrlKey: true }, { isTyping: true }, "number 1"],
  ["Escape in a field", { key: "Escape" }, { isTyping: true }, "number 2"],
  ["in a dialog", { key: "?" }, { isInDialog: true }, undefined],
  ["Escape in a dialog, which is the dialog's", { key: "Escape" }, { isInDialog: true }, undefined],
  ["Ctrl in a dialog", { key: "k", ctrlKey: true }, { isInDialog: true }, "number 1"],
  ["one that was dealt with", { key: "p", defaultPrevented: true }, {}, undefined],
  ["while a character is put together", { key: "p", isComposing: true }, {}, undefined],
] as const) {
  test(`keys: ${what}`, () => {
    assert.equal(keyFor(pressed, { isTyping: false, isInDialog: false, ...where }, KEYS)?.does, does);
  });
}
